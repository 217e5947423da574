"""What a citizen wants done with what they say: hidden, kept secret, sent on or not. Heard only in plain words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from channels.message import InboundMessage
from dispatch.models import Privacy

#: So many characters tell what somebody wants; more would only cost time.
HEARD = 4_000
#: The note of a message whose writer chose how to be treated on our own page; the choice follows.
CHOSEN = "privacy:"

_ME = r"(?:saya|sy|aku|kami|pelapor|pengirim)"
_WHO = r"(?:nama|identitas|data\s+diri|nomor|nomer|no\s*hp|kontak|diri)"
_NOT = r"(?:jangan|jgn|tidak\s+(?:mau|ingin)|tdk\s+(?:mau|ingin)|gak\s+mau|ga\s+mau|tanpa)"
_TELL = (
    r"(?:di)?(?:sebut(?:kan)?|tampilkan|cantumkan|beritahu(?:kan)?|kasih\s*tau|bocorkan|publikasikan|sebarkan|tulis)"
)
_ASK = r"(?:mohon|tolong|harap|minta|mhn|tlg|pls|please|agar|supaya|biar)"
#: "Do not name me", "anonymous": the writer is hidden. Never "tanpa nama jalan", nor what merely tells of a secret.
_NAMELESS = re.compile(
    rf"\b{_NOT}\s+{_TELL}\s+{_WHO}(?:\s+{_ME})?\b(?!\s+(?:jalan|desa|toko|tempat|gang|kantor))"
    rf"|\b{_WHO}\s+{_ME}\s+{_NOT}\s+{_TELL}"
    rf"|\b{_WHO}(?:\s+{_ME})?\s+(?:{_ASK}\s+)?(?:di)?(?:rahasiakan|samarkan|sembunyikan)\b"
    rf"|\b(?:di)?(?:rahasiakan|samarkan|sembunyikan)\s+(?:lah\s+)?{_WHO}\b(?!\s+(?:jalan|desa|toko|tempat|gang|kantor))"
    rf"|\bkerahasiaan\s+{_WHO}\b"
    rf"|\b(?:lapor|laporan|melapor|pelapor|aduan|pengaduan|secara|saya|sy|jadi)\s+(?:secara\s+|ini\s+)?anonim\b"
    r"|^\W*anonim\b|\banonim\W*$"
    r"|\b(?:do\s+not|don'?t|dont)\s+(?:mention|use|show|share)\s+my\s+(?:name|number|identity)\b"
    r"|\b(?:report|remain|stay|be)\s+anonymous(?:ly)?\b",
    re.IGNORECASE | re.MULTILINE,
)
#: The matter itself is to be kept secret.
_SECRET = re.compile(
    r"\b(?:laporan|aduan|pengaduan|pesan|informasi|info|hal|masalah)\s+(?:saya\s+|kami\s+)?(?:ini\s+)?"
    r"(?:sangat\s+|bersifat\s+)?rahasia\b(?!\s+umum)"
    rf"|\b{_ASK}\s+(?:laporan\s+|aduan\s+|hal\s+|pesan\s+)?(?:saya\s+|kami\s+)?(?:ini\s+)?"
    r"(?:di\s?rahasiakan|rahasiakan|jaga\s+kerahasiaan)(?:nya)?\b"
    r"|\bbersifat\s+rahasia\b|\brahasiakan\s+(?:laporan|aduan|pengaduan|ini|hal)\b"
    r"|\bini\s+rahasia\b(?!\s+umum)|^\W*rahasia\W*(?:$|[.:!,])"
    r"|\bkeep\s+(?:this|it|my\s+report)\s+(?:secret|confidential)\b|\bthis\s+(?:report\s+)?is\s+confidential\b",
    re.IGNORECASE | re.MULTILINE,
)

#: What people answer to "may we send it there?": every word must be one of these or of politeness.
_YES = frozenset(
    "ya y iya iyaa yaa yes boleh setuju silakan silahkan ok oke okay bersedia izinkan ijinkan".split()  # noqa: SIM905
)
_NO = frozenset("tidak tdk tak gak ga nggak enggak ngga ndak no jangan jgn tolak".split())  # noqa: SIM905
_POLITE = frozenset(
    """
    pak bu min kak saya sy kami terima kasih makasih teruskan diteruskan kirim dikirim kirimkan saja aja usah perlu
    mau please sure dong lah deh mohon tolong
    """.split()  # noqa: SIM905
)
_FEW = 6


def privacy(message: InboundMessage, text: str) -> Privacy:
    """Calling this will say how the writer of a message wants to be treated: what they chose on our page, or what they
    say in plain words; named where they say nothing. Only the first 4,000 characters are heard."""
    for note in message.notes:
        if note.startswith(CHOSEN) and note.removeprefix(CHOSEN) in set(Privacy):
            return Privacy(note.removeprefix(CHOSEN))
    heard = " ".join(text[:HEARD].split(" "))
    nameless = _NAMELESS.search(heard)
    # "Rahasiakan nama saya" hides the name; the same word of the whole report keeps it secret.
    rest = _NAMELESS.sub(" ", heard) if nameless else heard
    if _SECRET.search(rest):
        return Privacy.SECRET
    return Privacy.ANONYMOUS if nameless else Privacy.NAMED


def consents(words: Sequence[str]) -> bool | None:
    """Calling this will say whether words agree to be asked (True), refuse (False), or are no answer to that (None)."""
    said = frozenset(words)
    if not 0 < len(words) <= _FEW or not said <= _YES | _NO | _POLITE:
        return None
    if said & _NO:
        return False
    return True if said & _YES else None
