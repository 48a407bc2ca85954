"""Speech: gate, reserved clip, provider, watermark, manifest, delivery."""
