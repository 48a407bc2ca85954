"""Files as recorders, telephone systems and editors write them. Numbers are of the cases."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio import decoding
from audio.containers import Container, UnreadableAudio
from audio.decoding import decode_untrusted
from audio.sound import Sound
from tests.support import audio_files

FILES = Path(__file__).parents[1] / "data" / "field_files"


def read(name: str) -> bytes:
    return (FILES / name).read_bytes()


def write(sound: Sound, *, container: str, subtype: str) -> bytes:
    sink = io.BytesIO()
    soundfile.write(sink, sound.samples, sound.rate, subtype, format=container)
    return sink.getvalue()


def refusal(data: bytes) -> UnreadableAudio:
    with pytest.raises(UnreadableAudio) as caught:
        decode_untrusted(data)
    return caught.value


class TestShownFiles:
    """The files of the reports, byte for byte."""

    @pytest.mark.parametrize(
        ("name", "seconds"),
        [
            ("03-sox-pipe.wav", 3.0),
            ("05-data-size-zero.wav", 3.0),
            ("06-list-odd-no-pad.wav", 3.0),
            ("07-rf64.wav", 3.0),
            ("08-bw64.wav", 3.0),
            ("11-two-id3.mp3", 3.0),
            ("12-ape-at-end.mp3", 3.0),
            ("12-id3-wrong-size.mp3", 3.0),
            ("14-chained.opus", 6.0),
            ("15-chained.ogg", 6.0),
            ("25-picture-longer.mp4", 3.0),
            ("25-picture-longer.webm", 3.0),
        ],
    )
    def test_are_read_to_their_end(self, name: str, seconds: float) -> None:
        found = decode_untrusted(read(name))

        assert found.seconds == pytest.approx(seconds, rel=0.03)
        assert not found.is_cut_off
        assert np.sqrt(np.mean(found.sound.samples**2)) > 0.01

    @pytest.mark.parametrize(("name", "codec"), [("09-gsm.wav", "GSM"), ("09-ima.wav", "ADPCM")])
    def test_name_the_codec_that_is_not_read(self, name: str, codec: str) -> None:
        found = refusal(read(name))

        assert found.reason == "inner_codec"
        assert codec in str(found.detail)


class TestLengthsThatNoFileHas:
    """03, 04, 05, 26: a placeholder is no length, and a believable overshoot is a cut."""

    SOUND = audio_files.clip().pcm16()

    @pytest.mark.parametrize(
        "size",
        [0, 0x7FFFFFFF, 0x7FFFF000, 0x7FFFF024, 0x80000000, 0xFFFFFFFF, 0xFFFFFFDB, 0x7FFFFFF0],
    )
    def test_are_read_to_the_end_of_the_file(self, size: int) -> None:
        found = decode_untrusted(audio_files.wav(self.SOUND, size=size))

        assert found.sound.pcm16() == self.SOUND

    def test_of_over_ten_times_the_sound_say_nothing(self) -> None:
        found = decode_untrusted(audio_files.wav(self.SOUND, size=11 * len(self.SOUND)))

        assert found.sound.pcm16() == self.SOUND

    def test_of_a_file_that_knew_them_are_believed(self) -> None:
        sound = Sound(np.resize(audio_files.clip().samples, 1_000_000), 16_000)

        assert refusal(audio_files.wav(sound.pcm16())[:9_000]).reason == "truncated"

    def test_of_a_half_missing_file_are_a_cut(self) -> None:
        data = audio_files.wav(self.SOUND, size=2 * len(self.SOUND))

        assert refusal(data).reason == "truncated"
        found = decode_untrusted(data, accepts_cut=True)
        assert found.is_cut_off
        assert found.sound.pcm16() == self.SOUND

    @pytest.mark.parametrize("codec", ["mp3", "ogg", "opus"])
    def test_of_other_kinds_are_read_as_far_as_they_go(self, codec: str) -> None:
        data = audio_files.encoded(codec)
        whole = decode_untrusted(data).seconds

        found = decode_untrusted(data[: round(0.6 * len(data))], accepts_cut=True)

        assert found.is_cut_off
        assert 0.3 * whole < found.seconds < 0.8 * whole


class TestChunks:
    """06, 07, 08, and names that a chunk may have."""

    SOUND = audio_files.clip().pcm16()

    @pytest.mark.parametrize("name", [b"LIST", b"bext", b"iXML", b"xyz "])
    @pytest.mark.parametrize("pad", [b"", b"\0"])
    def test_of_odd_length_with_and_without_the_pad_byte(self, name: bytes, pad: bytes) -> None:
        plain = audio_files.wav(self.SOUND)
        chunk = name + struct.pack("<I", 17) + b"seventeen letters" + pad
        data = plain[:12] + chunk + plain[12:]

        assert decode_untrusted(data).sound.pcm16() == self.SOUND

    @pytest.mark.parametrize("kind", [b"RF64", b"BW64"])
    def test_of_a_long_file_take_their_length_from_ds64(self, kind: bytes) -> None:
        plain = audio_files.wav(self.SOUND, size=0xFFFFFFFF)
        ds64 = b"ds64" + struct.pack("<IQQQI", 28, len(plain) + 28, len(self.SOUND), 0, 0)
        behind = b"LIST" + struct.pack("<I", 4) + b"INFO"
        data = kind + b"\xff" * 4 + b"WAVE" + ds64 + plain[12:] + behind

        assert decode_untrusted(data).sound.pcm16() == self.SOUND


class TestMp3:
    """11, 12, 13: tags, zeros and changes around the frames."""

    TAG = b"ID3\x03\0\0\0\0\x02\x00" + bytes(256)

    @pytest.mark.parametrize(
        ("before", "behind"),
        [
            (TAG * 3, b""),
            (TAG + bytes(4096), b""),
            (b"", b"TAG" + bytes(125)),
            (TAG, bytes(3000)),
            (b"", b"LYRICSBEGIN" + bytes(100) + b"000111LYRICS200" + b"TAG" + bytes(125)),
        ],
    )
    def test_with_this_around_it_keeps_its_length(self, before: bytes, behind: bytes) -> None:
        data = audio_files.encoded("mp3")

        found = decode_untrusted(before + data + behind)

        assert found.container is Container.MP3
        assert found.seconds == pytest.approx(decode_untrusted(data).seconds, abs=0.06)

    def test_that_changes_its_rate_is_read_on(self) -> None:
        first = audio_files.clip().resample(24_000)
        second = audio_files.clip("0890").resample(44_100)
        data = b"".join(
            write(sound, container="MP3", subtype="MPEG_LAYER_III") for sound in (first, second)
        )

        found = decode_untrusted(data)

        assert found.seconds == pytest.approx(first.seconds + second.seconds, abs=0.2)


class TestSeveralParts:
    """14, 15, 27: every link and every track is read."""

    @pytest.mark.parametrize(("codec", "subtype"), [("ogg", "VORBIS"), ("opus", "OPUS")])
    def test_of_a_chained_ogg_are_joined(self, codec: str, subtype: str) -> None:
        sounds = [audio_files.clip(number).resample(24_000) for number in ("0870", "0890", "0920")]
        links = [write(sound, container="OGG", subtype=subtype) for sound in sounds]

        found = decode_untrusted(b"".join(links))

        assert found.container == Container(codec)
        assert found.seconds == pytest.approx(sum(one.seconds for one in sounds), abs=0.1)

    def test_of_more_links_than_are_read_are_refused(self) -> None:
        link = write(Sound(audio_files.tone(0.1), 16_000), container="OGG", subtype="VORBIS")

        assert decode_untrusted(link * 64).seconds == pytest.approx(6.4, abs=0.1)
        assert refusal(link * 65).reason == "unreadable"


class TestChannels:
    """16, 17: speech is found wherever it stands, and the other channels are handed on."""

    SPEECH = audio_files.clip().samples
    OTHER = np.resize(audio_files.clip("0890").samples, len(SPEECH))
    HUM = (0.4 * np.sin(2 * np.pi * 100 * np.arange(len(SPEECH)) / 16_000)).astype(np.float32)
    NOISE = np.random.default_rng(5).normal(0, 0.2, len(SPEECH)).astype(np.float32)

    def decode(self, *channels: np.ndarray, most_others: int = 0) -> decoding.DecodedFile:
        mixed = Sound(np.zeros(1, np.float32), 16_000), np.stack(channels, axis=1)
        sink = io.BytesIO()
        soundfile.write(sink, mixed[1], 16_000, "PCM_16", format="WAV")
        return decode_untrusted(sink.getvalue(), most_others=most_others)

    def resemblance(self, sound: Sound, speech: np.ndarray) -> float:
        samples = sound.resample(16_000).samples[: len(speech)]
        return abs(float(np.corrcoef(samples, speech[: len(samples)])[0, 1]))

    def test_that_cancel_are_taken_apart(self) -> None:
        found = self.decode(self.SPEECH, -self.SPEECH)

        assert self.resemblance(found.sound, self.SPEECH) > 0.99

    @pytest.mark.parametrize("beside", [HUM, NOISE, np.zeros_like(SPEECH)])
    @pytest.mark.parametrize("place", [0, 1])
    def test_of_hum_noise_and_nothing_do_not_bury_speech(
        self, beside: np.ndarray, place: int
    ) -> None:
        channels = [beside, beside]
        channels[place] = self.SPEECH

        assert self.resemblance(self.decode(*channels).sound, self.SPEECH) > 0.99

    def test_of_the_same_speech_stay_their_mean(self) -> None:
        found = self.decode(self.SPEECH, 0.5 * self.SPEECH, most_others=9)

        assert found.sound.samples == pytest.approx(0.75 * self.SPEECH, abs=1e-4)
        assert found.others == ()

    def test_of_two_people_are_handed_on_one_by_one(self) -> None:
        found = self.decode(self.SPEECH, self.OTHER, most_others=9)

        for speech in (self.SPEECH, self.OTHER):
            heard = (found.sound, *found.others)
            assert max(self.resemblance(sound, speech) for sound in heard) > 0.99

    def test_of_a_film_include_the_centre(self) -> None:
        nothing = np.zeros_like(self.SPEECH)

        found = self.decode(nothing, nothing, self.SPEECH, nothing, nothing, nothing)

        assert found.channels == 6
        assert found.sound.samples == pytest.approx(self.SPEECH, abs=1e-3)

    def test_are_not_handed_on_unless_they_are_asked_for(self) -> None:
        assert self.decode(self.SPEECH, self.OTHER).others == ()


class TestFloats:
    """20: a value over full scale is loud, not cut off."""

    @pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
    @pytest.mark.parametrize("decibels", [3, 8, 20, 90])
    def test_over_full_scale_keep_their_shape(self, subtype: str, decibels: int) -> None:
        speech = audio_files.clip()
        peak = np.abs(speech.samples).max()
        loud = Sound(speech.samples / peak * np.float32(10 ** (decibels / 20)), speech.rate)

        found = decode_untrusted(write(loud, container="WAV", subtype=subtype))

        assert found.sound.samples == pytest.approx(speech.samples / peak, abs=1e-5)
