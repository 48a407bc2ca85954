"""What a text says of its language: plain mismatches, doubts, parts, and what refuses nothing."""

from __future__ import annotations

import pytest

from voices.text_language.text_check import judge_text

SPANISH = "Bienvenido de nuevo. Aqui tienes un resumen de tu cuenta."
ENGLISH = "Welcome back, here is a summary of your account and of what you have spent."


class TestTheSeedsSentences:
    @pytest.mark.parametrize(
        ("tag", "text"),
        [
            ("en", "Welcome back. Here is a summary of your account."),
            ("es", SPANISH),
            ("ja", "お帰りなさいませ。アカウントの要約をお伝えします。"),
            ("fr", "Bon retour. Voici un resume de votre compte."),
        ],
    )
    def test_fit_without_their_accents(self, tag: str, text: str) -> None:
        assert judge_text(text, tag).fit == "fits"


class TestAnotherLanguage:
    @pytest.mark.parametrize("tag", ["en", "de", "pl", "fi", "tr", "id", "vi"])
    def test_is_plain(self, tag: str) -> None:
        found = judge_text(SPANISH, tag)

        assert (found.fit, found.languages) == ("mismatch", ("es",))

    @pytest.mark.parametrize(
        "text",
        [
            SPANISH.upper(),
            "Okay. " + SPANISH,
            "\u200b".join(SPANISH),
            "\u00ad".join(SPANISH),
            SPANISH.replace(" ", "_"),
            SPANISH.replace(" ", "."),
            "#" + SPANISH.replace(" ", " #"),
            "@" + SPANISH.replace(" ", " @"),
            "[Bienvenido de nuevo] [Aqui tienes un resumen] [de tu cuenta]",
            "𝐁𝐢𝐞𝐧𝐯𝐞𝐧𝐢𝐝𝐨 𝐝𝐞 𝐧𝐮𝐞𝐯𝐨. 𝐀𝐪𝐮𝐢 𝐭𝐢𝐞𝐧𝐞𝐬 𝐮𝐧 𝐫𝐞𝐬𝐮𝐦𝐞𝐧 𝐝𝐞 𝐭𝐮 𝐜𝐮𝐞𝐧𝐭𝐚.",
            "Bienvenido 1 de 2 nuevo 3. Aqui 4 tienes 5 un 6 resumen 7 de 8 tu 9 cuenta.",
            "[laughs] " + SPANISH + " https://example.org/welcome/back",
        ],
    )
    def test_is_plain_in_every_dress(self, text: str) -> None:
        assert judge_text(text, "en").fit == "mismatch"

    def test_is_told_with_the_canonical_code(self) -> None:
        tagalog = "Maligayang pagbabalik, narito ang buod ng iyong mga gastos ngayong buwan."

        assert judge_text(tagalog, "en").languages == ("fil",)

    def test_of_three_in_one_text_is_told_with_each(self) -> None:
        german = "Willkommen zurück, hier ist eine Übersicht über Ihr Konto bei uns."
        found = judge_text(f"{SPANISH} {german}", "en")

        assert (found.fit, set(found.languages)) == ("mismatch", {"es", "de"})


class TestAnotherScript:
    @pytest.mark.parametrize(
        ("tag", "text", "language"),
        [
            ("en", "Привет, как дела?", "ru"),
            ("hr", "Добар дан, како сте данас?", "sr"),
            ("ja", "Welcome back. Here it is.", "en"),
            ("zh", "お帰りなさいませ。アカウントの要約をお伝えします。", "ja"),
            ("vi", "欢迎回来，这是您的账户摘要。", "zh"),
            ("ko", "おかえりなさい、アカウントです", "ja"),
        ],
    )
    def test_is_plain(self, tag: str, text: str, language: str) -> None:
        found = judge_text(text, tag)

        assert (found.fit, found.languages) == ("mismatch", (language,))

    @pytest.mark.parametrize(
        ("tag", "text"),
        [
            ("sr", "Dobar dan, kako ste danas?"),
            ("sr", "Добар дан, како сте данас?"),
            ("en", "The Greek letter π is about 3.14, and Ω is the last one."),
            ("ja", "iPhone 15 Pro Max を買う"),
            ("ru", "Купите iPhone и Microsoft Windows сегодня."),
        ],
    )
    def test_that_the_language_has_as_well_fits(self, tag: str, text: str) -> None:
        assert judge_text(text, tag).fit == "fits"

    def test_of_a_transcription_is_a_doubt(self) -> None:
        assert judge_text("Namaste, aap kaise hain? Main theek hoon.", "hi").fit == "doubt"


class TestWhatRefusesNothing:
    @pytest.mark.parametrize(
        ("tag", "text"),
        [
            ("en", "Bonjour!"),
            ("de", "Hello"),
            ("en", "Москва"),
            ("ja", "Microsoft Windows"),
            ("en", "42, 17 and 3.5"),
            ("de", "https://example.org/all/of/this/is/english 😀😀😀"),
            ("de", "[laughs] [whispers] [throat]"),
            ("de", "[laughs] Guten Abend. [whispers] Wie geht es Ihnen?"),
            ("en", "Tokyo, Osaka, Kyoto, Hiroshima"),
            ("en", "Ignacio López de la Torre y García"),
            ("en", "Mr Giuseppe Verdi met Wolfgang Amadeus Mozart at the Teatro alla Scala."),
            ("en", "Ha ha ha! Oh no, ouch, brrr."),
            ("de", "Oh là là, c'est la vie!"),
            ("de", "Das Meeting mit dem Product Owner über das Release ist gecancelt."),
            ("en", ""),
            ("en", "¿?"),
        ],
    )
    def test_is_names_numbers_loan_words_and_short_lines(self, tag: str, text: str) -> None:
        assert judge_text(text, tag).fit in {"fits", "too_short", "doubt"}

    def test_is_a_short_quotation(self) -> None:
        text = f'{ENGLISH} He said: "Je ne sais pas ce que tu dis." {ENGLISH}'

        assert judge_text(text, "en").fit == "fits"


class TestNearNeighbours:
    @pytest.mark.parametrize(
        ("tag", "text"),
        [
            ("da", "Jeg har ikke lyst til å snakke om det i dag, sier hun."),
            ("hr", "Svako ima pravo na slobodu misli, savesti i veroispovesti."),
            ("gl", "Toda a pessoa tem direito à liberdade de opinião e de expressão."),
            ("ms", "Setiap orang berhak atas kebebasan mempunyai pendapat."),
            ("zh", "歡迎返嚟，呢個係你嘅帳戶摘要。"),
        ],
    )
    def test_are_never_plain(self, tag: str, text: str) -> None:
        assert judge_text(text, tag).fit in {"fits", "doubt"}


class TestALanguageThatTheDetectorsDoNotKnow:
    def test_is_a_doubt_at_most(self) -> None:
        text = "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti."

        assert judge_text(text, "lij").fit == "doubt"


class TestSeveralLanguages:
    @pytest.mark.parametrize("text", [f"{ENGLISH} {SPANISH * 2}", f"{SPANISH * 2} {ENGLISH}"])
    def test_are_each_told(self, text: str) -> None:
        found = judge_text(text, "en")

        assert (found.fit, found.languages) == ("several", ("es",))

    def test_are_found_anywhere_in_a_long_text(self) -> None:
        text = f"{ENGLISH} " * 25 + f"{SPANISH} " * 6 + f"{ENGLISH} " * 25
        found = judge_text(text, "en")

        assert (found.fit, found.languages) == ("several", ("es",))

    def test_of_another_script_are_told(self) -> None:
        russian = "Добро пожаловать, вот сводка вашего счёта и всего, что вы потратили за месяц."
        found = judge_text(f"{ENGLISH} {russian} {ENGLISH}", "en")

        assert (found.fit, found.languages) == ("several", ("ru",))

    def test_are_one_where_the_other_part_is_a_word(self) -> None:
        assert judge_text(f"Hello. {SPANISH}", "en").fit == "mismatch"
