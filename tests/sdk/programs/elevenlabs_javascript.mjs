// Drives the official JavaScript SDK of ElevenLabs, and prints what came of each call as JSON.
//
// `elevenlabs_javascript.mjs BASE KEY VOICE_FILE CONSENT` finds the SDK below its own folder.

import { createReadStream } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";

const load = createRequire(`${process.cwd()}/`);
const { ElevenLabsClient } = load("@elevenlabs/elevenlabs-js");
const [base, key, sample, consent] = process.argv.slice(2);
const client = new ElevenLabsClient({ apiKey: key, baseUrl: base });
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
  for await (const piece of await stream) bytes += piece.length;
  return bytes;
}

const labels = { language: "en", ...(consent ? { sayso: `sayso:${consent}` } : {}) };
const text = "The harbour lamps were lit before the boats came home that evening.";
const quay = "Nobody was left on the quay when the last of them had tied up.";
const japanese = "港の明かりは船が帰る前に灯されました。";
const words = { modelId: "eleven_flash_v2_5", languageCode: "en" };
const pcm = { ...words, outputFormat: "pcm_16000" };

const voice =
  (await note("clone", async () => {
    const files = [createReadStream(sample)];
    return (await client.voices.ivc.create({ name: "Mara", files, labels })).voiceId;
  })) ?? "none";
await note("list", async () => (await client.voices.getAll()).voices.map((one) => one.voiceId));
await note("search", async () => (await client.voices.search()).voices.map((one) => one.voiceId));
await note("get", async () => (await client.voices.get(voice)).voiceId);
await note("edit", async () => (await client.voices.update(voice, { name: "Mara" })).status);
await note("speak", () => count(client.textToSpeech.convert(voice, { text, ...pcm })));
await note("mp3", () => count(client.textToSpeech.convert(voice, { text, ...words })));
await note("stream", () => count(client.textToSpeech.stream(voice, { text, ...pcm })));
await note("cut", () => count(client.textToSpeech.stream(voice, { text: `${text} ${quay}`, ...pcm })));
await note(
  "timed",
  async () => (await client.textToSpeech.convertWithTimestamps(voice, { text, ...words })).audioBase64.length,
);
await note("timed_stream", async () => {
  let letters = 0;
  for await (const one of await client.textToSpeech.streamWithTimestamps(voice, { text, ...words }))
    letters += one.audioBase64.length;
  return letters;
});
const other = { text: japanese, ...words, languageCode: "ja" };
await note("refused", () => count(client.textToSpeech.convert(voice, other)));
await note("refused_stream", () => count(client.textToSpeech.stream(voice, other)));
await note("models", async () => (await client.models.list()).length);
await note("token", async () => (await client.tokens.singleUse.create("realtime_scribe")).token);
await note("delete", async () => (await client.voices.delete(voice)).status);
process.stdout.write(JSON.stringify(done));
