// Drives the official JavaScript SDK of Inworld, and prints what came of each call as JSON.
//
// `inworld_javascript.mjs BASE KEY VOICE_FILE CONSENT` finds the SDK below its own folder.

import { createRequire } from "node:module";
import process from "node:process";

const load = createRequire(`${process.cwd()}/`);
const { InworldTTS } = load("@inworld/tts");
const [base, key, sample, consent] = process.argv.slice(2);
const tts = InworldTTS({ apiKey: key, baseUrl: base });
const done = {};

async function note(name, call) {
  try {
    done[name] = { ok: await call() };
  } catch (error) {
    done[name] = { error: error.constructor.name, message: String(error.message) };
  }
  return done[name].ok;
}

async function count(stream) {
  let bytes = 0;
  for await (const piece of stream) bytes += piece.length;
  return bytes;
}

const tags = consent ? [`sayso:${consent}`] : [];
const text = "The harbour lamps were lit before the boats came home that evening.";
const made = await note("clone", async () => {
  const facts = { displayName: "Mara", lang: "EN_US", audioSamples: [sample], tags };
  return (await tts.cloneVoice(facts)).voice.voiceId;
});
const voice = made ?? "none";
const words = { voice, model: "inworld-tts-2", language: "en" };

await note("list", async () => (await tts.listVoices()).map((one) => one.voiceId));
await note("get", async () => (await tts.getVoice(voice)).displayName);
await note("speak", async () => (await tts.generate({ text, encoding: "WAV", ...words })).length);
await note("mp3", async () => (await tts.generate({ text, ...words })).length);
const bare = { encoding: "LINEAR16", sampleRate: 24000 };
await note("stream", () => count(tts.stream({ text, ...bare, ...words })));
const other = { text: "港の明かりは船が帰る前に灯されました。", ...words, language: "ja" };
await note("refused", async () => (await tts.generate(other)).length);
await note("publish", async () => (await tts.publishVoice({ voice })).voiceId);
await note("delete", async () => {
  await tts.deleteVoice(voice);
  return true;
});
process.stdout.write(JSON.stringify(done));
