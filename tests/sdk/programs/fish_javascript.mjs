// Drives the official JavaScript SDK of Fish Audio, and prints what came of each call as JSON.
// `fish_javascript.mjs BASE KEY VOICE_FILE CONSENT` runs where the SDKs are installed.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

// Its CommonJS half does not load, since the package says of all its files that they are modules.
const entry = pathToFileURL(`${process.cwd()}/node_modules/fish-audio/dist/esm/index.js`);
const { FishAudioClient } = await import(entry);

const TEXT = "The harbour lamps were lit before the boats came home that evening.";
const SPANISH = "Las lámparas del puerto se encendieron antes de que volvieran los barcos.";

async function note(call) {
  try {
    return { ok: await call() };
  } catch (error) {
    return { error: error.constructor.name, message: String(error.message) };
  }
}

async function collect(stream) {
  let size = 0;
  for await (const piece of stream) size += piece.length;
  return size;
}

const [base, key, sample, consent] = process.argv.slice(2);
const client = new FishAudioClient({ apiKey: key, baseUrl: base });
const speech = client.textToSpeech;
const file = (cut) => new File([readFileSync(sample).subarray(0, -cut || undefined)], "a.wav");
const headers = consent ? { "Sayso-Consent": consent } : {};
const done = {};

const facts = { title: "Mara", voices: [file(0)], description: consent ? `sayso:${consent}` : "a" };
const made = await note(() => client.voices.ivc.create(facts));
const voice = made.ok?._id ?? "none";
done.clone = made.ok ? { ok: voice } : made;
done.get = await note(async () => (await client.voices.get(voice)).visibility);
done.list = await note(async () => (await client.voices.search()).items.map((one) => one._id));
done.update = await note(async () => {
  await client.voices.update(voice, { title: "Calm Mara" });
  return true;
});
done.public = await note(async () => {
  await client.voices.update(voice, { visibility: "public" });
  return true;
});
const words = { text: TEXT, reference_id: voice };
done.mp3 = await note(async () => collect(await speech.convert(words)));
done.speak = await note(async () => collect(await speech.convert({ ...words, format: "wav" })));
done.stream = await note(async () => collect(await speech.convert({ ...words, format: "pcm" })));
done.inline = await note(async () =>
  collect(
    await speech.convert({ text: TEXT, references: [{ audio: file(0), text: "" }] }, "s1", {
      headers,
    }),
  ),
);
done.refused_inline = await note(async () =>
  collect(
    await speech.convert({ text: TEXT, references: [{ audio: file(4000), text: "" }] }, "s1", {
      headers,
    }),
  ),
);
done.refused = await note(async () => collect(await speech.convert({ ...words, text: SPANISH })));
done.credits = await note(async () => Object.keys(await client.user.get_api_credit()));
done.delete = await note(async () => {
  await client.voices.delete(voice);
  return true;
});
console.log(JSON.stringify(done));
