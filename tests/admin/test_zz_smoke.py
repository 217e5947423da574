from tests.support.tickets import *


def test_smoke(signed_in, runtime):
    t = open_ticket(runtime, receipt=True)
    u = open_ticket(
        runtime, "apa ini", category=None, area=None, suggestions=[{"category": "jalan_rusak", "confidence": 0.4}]
    )
    b = signed_in("a@contoh.test", "admin")
    for p in (
        "tickets",
        "tickets/" + t.number,
        "tickets/" + u.number,
        "triage",
        "quarantine",
        "responses",
        "staff",
        "account",
        "help",
        "password",
        "export/tickets.csv",
        "nope",
    ):
        r = b.get("/admin/" + p)
        print(p, r.status_code, len(r.data))
    r = b.post("/admin/tickets/" + t.number, {"reply": "Halo"})
    print(r.status_code, r.headers.get("Location"))
    print(b.get("/admin/tickets/" + t.number).text[:6000])
    assert 0
