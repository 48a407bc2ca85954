// Drives the official JavaScript SDK of Cartesia, and prints what came of each call as JSON.
//
// `cartesia_javascript.mjs BASE KEY VOICE_FILE CONSENT` finds the SDK below its own folder.

import { createReadStream } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";

const load = createRequire(`${process.cwd()}/`);
const { Cartesia } = load("@cartesia/cartesia-js");
const [base, key, sample, consent] = process.argv.slice(2);
const client = new Cartesia({ apiKey: key, baseURL: base });
const done = {};

async function note(name, call) {
  try {
    done[name] = { ok: (await call()) ?? null };
  } catch (error) {
    done[name] = { error: error.constructor.name, message: String(error.message) };
  }
  return done[name].ok;
}

const count = async (answer) => (await (await answer).arrayBuffer()).byteLength;
const text = "The harbour lamps were lit before the boats came home that evening.";
const quay = "Nobody was left on the quay when the last of them had tied up.";
const japanese = "港の明かりは船が帰る前に灯されました。";
const raw = { container: "raw", encoding: "pcm_s16le", sample_rate: 24000 };
const facts = consent ? { description: `sayso:${consent}` } : {};

const voice =
  (await note("clone", async () => {
    const clip = createReadStream(sample);
    return (await client.voices.clone({ clip, name: "Mara", language: "en", ...facts })).id;
  })) ?? "none";
const words = { model_id: "sonic-3", transcript: text, language: "en", voice, output_format: raw };

await note("list", async () => {
  const found = [];
  for await (const one of client.voices.list({ limit: 1 })) found.push(one.id);
  return found;
});
await note("get", async () => (await client.voices.get(voice)).id);
await note("update", async () => (await client.voices.update(voice, { name: "Mara" })).id);
await note("speak", () => count(client.tts.generate(words)));
await note("wav", () =>
  count(
    client.tts.generate({
      ...words,
      voice: { mode: "id", id: voice },
      output_format: { ...raw, container: "wav" },
    }),
  ),
);
const kinds = new Set();
await note("stream", async () => {
  let bytes = 0;
  for await (const one of await client.tts.generateSSE(words)) {
    kinds.add(one.type);
    if (one.type === "chunk") bytes += Buffer.from(one.data, "base64").length;
  }
  return bytes;
});
await note("events", async () => [...kinds].sort());
const longer = { ...words, transcript: `${text} ${quay}` };
await note("cut", () => count(client.tts.generate(longer)));
await note("cut_events", async () => {
  for await (const one of await client.tts.generateSSE(longer)) kinds.add(one.type);
  return kinds.size;
});
const other = { ...words, transcript: japanese, language: "ja" };
await note("refused", () => count(client.tts.generate(other)));
await note("refused_stream", async () => {
  for await (const one of await client.tts.generateSSE(other)) kinds.add(one.type);
  return kinds.size;
});
await note("vector", () =>
  count(client.tts.generate({ ...words, voice: { mode: "embedding", embedding: [0.1, 0.2] } })),
);
await note("token", async () => (await client.accessToken.create({ grants: { tts: true } })).token);
await note("delete", () => client.voices.delete(voice));
process.stdout.write(JSON.stringify(done));
