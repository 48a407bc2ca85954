// Streams a long text through one provider's official JavaScript SDK until the end or an error.
//
// `cut_javascript.mjs PROVIDER GATE KEY VOICE` prints `ready`, waits for a line, and prints what came
// of the stream as JSON. It finds the SDKs below its own folder.

import { once } from "node:events";
import { createRequire } from "node:module";
import process from "node:process";
import { pathToFileURL } from "node:url";

const load = createRequire(`${process.cwd()}/`);
const TEXT = "The harbour lamps were lit before the boats came home that evening. ".repeat(28);
const [provider, gate, key, voice] = process.argv.slice(2);
const base = `${gate}/proxy/${provider}`;

const streams = {
  async cartesia() {
    const { Cartesia } = load("@cartesia/cartesia-js");
    const client = new Cartesia({ apiKey: key, baseURL: base });
    const raw = { container: "raw", encoding: "pcm_s16le", sample_rate: 24000 };
    const words = { model_id: "sonic-3", transcript: TEXT, language: "en", voice };
    return client.tts.generateSSE({ ...words, output_format: raw });
  },
  async elevenlabs() {
    const { ElevenLabsClient } = load("@elevenlabs/elevenlabs-js");
    const client = new ElevenLabsClient({ apiKey: key, baseUrl: base });
    const words = { text: TEXT, modelId: "eleven_flash_v2_5", languageCode: "en" };
    return client.textToSpeech.stream(voice, { ...words, outputFormat: "pcm_16000" });
  },
  async fish() {
    const entry = pathToFileURL(`${process.cwd()}/node_modules/fish-audio/dist/esm/index.js`);
    const { FishAudioClient } = await import(entry);
    const client = new FishAudioClient({ apiKey: key, baseUrl: base });
    return client.textToSpeech.convert({ text: TEXT, reference_id: voice, format: "pcm" });
  },
  async inworld() {
    const { InworldTTS } = load("@inworld/tts");
    const bare = { encoding: "LINEAR16", sampleRate: 24000, model: "inworld-tts-2" };
    const tts = InworldTTS({ apiKey: key, baseUrl: base });
    return tts.stream({ text: TEXT, voice, language: "en", ...bare });
  },
  async openai() {
    const { OpenAI } = load("openai");
    const headers = { "Sayso-Language": "en" };
    const client = new OpenAI({ apiKey: key, baseURL: `${base}/v1`, defaultHeaders: headers });
    const words = { model: "gpt-4o-mini-tts", voice, input: TEXT, response_format: "pcm" };
    return (await client.audio.speech.create(words)).body;
  },
};

let told;
console.log("ready");
await once(process.stdin, "data");
process.stdin.pause();
try {
  let pieces = 0;
  for await (const _ of await streams[provider]()) pieces += 1;
  told = { ok: pieces };
} catch (error) {
  told = { error: error.constructor.name };
}
console.log(JSON.stringify(told));
