"""Staff: passwords, sign-in and its limits, sessions and how they end, the second factor, and who sees what."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pyotp
import pytest
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import func, select

from dispatch.models import Audit, LoginAttempt, Role, Staff, StaffSession
from dispatch.runtime import Runtime
from dispatch.services import staff
from dispatch.services.staff import (
    ABSOLUTE,
    IDLE,
    TOTP_TRIES,
    TRIES_PER_ACCOUNT,
    TRIES_PER_NETWORK,
    WINDOW,
    Signed,
    StaffFault,
    Throttled,
)

one_database = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
PASSWORD = "kata sandi yang panjang"
SECRET = "s" * 32
EMAIL = "petugas@example.org"


def add(runtime: Runtime, email: str = EMAIL, role: str = "admin", **fields: object) -> Staff:
    with runtime.writing() as session:
        return staff.add(
            session, runtime.region, runtime.now(), email=email, role=role, **{"password": PASSWORD, **fields}
        )


def sign_in(
    runtime: Runtime, password: str = PASSWORD, email: str = EMAIL, network: str = "192.0.2.0/24"
) -> Signed | None:
    with runtime.writing() as session:
        return staff.sign_in(session, runtime.now(), SECRET, email=email, password=password, network=network)


def find(runtime: Runtime, token: str) -> bool:
    with runtime.reading() as session:
        return staff.find_session(session, runtime.now(), token) is not None


PASSWORDS = {
    "eleven": ("abcdefghijk", "password_short"),
    "twelve": ("abcdefghijkl", None),
    "blanks-count": ("kata sandi a", None),
    "one-hundred-twenty-eight": ("abcdefgh" * 16, None),
    "one-hundred-twenty-nine": ("abcdefgh" * 16 + "i", "password_long"),
    "no-digits-needed": ("hanya huruf kecil", None),
    "other-scripts": ("пароль-на-кириллице", None),
    "few-characters": ("abcdabcdabcd", "password_obvious"),
    "one-character": ("aaaaaaaaaaaaaaaa", "password_obvious"),
    "own-name": ("xxPetugas12345", "password_obvious"),
}


@pytest.mark.parametrize(("password", "fault"), PASSWORDS.values(), ids=PASSWORDS)
def test_a_password_is_long_and_not_obvious_and_nothing_else_is_asked(password, fault):
    if fault is None:
        staff.check_password(password, EMAIL)
        return
    with pytest.raises(StaffFault) as caught:
        staff.check_password(password, EMAIL)
    assert caught.value.key == fault
    assert password not in str(caught.value)


@pytest.mark.parametrize("email", ["a@example.org", "an@example.org"], ids=["one-letter", "two-letters"])
def test_a_short_name_before_the_at_is_no_reason(email):
    staff.check_password(PASSWORD, email)


REFUSED = {
    "no-at": ({"email": "petugas"}, "email"),
    "two-ats": ({"email": "a@b@c"}, "email"),
    "blank-within": ({"email": "a b@example.org"}, "email"),
    "nothing-before": ({"email": "@example.org"}, "email"),
    "too-long": ({"email": "a" * 250 + "@b.id"}, "email"),
    "unknown-role": ({"role": "boss"}, "role"),
    "unknown-agency": ({"agencies": ["nobody"]}, "agency"),
    "agency-not-ours": ({"agencies": ["pln-kaltara"]}, "agency"),
    "officer-of-nothing": ({"role": "officer"}, "agency"),
    "weak": ({"password": "short"}, "password_short"),
}


class TestAdd:
    @one_database
    @pytest.mark.parametrize("case", REFUSED)
    def test_what_is_refused(self, runtime, case):
        fields, key = REFUSED[case]
        with pytest.raises(StaffFault) as caught:
            add(runtime, **fields)
        assert caught.value.key == key
        with runtime.reading() as session:
            assert session.scalars(select(Staff)).all() == []

    def test_an_address_is_taken_whatever_its_case(self, runtime):
        add(runtime, email=" Petugas@Example.org ")
        with pytest.raises(StaffFault) as caught:
            add(runtime, email="PETUGAS@example.org")
        assert caught.value.key == "taken"

    @one_database
    def test_keeps_no_password_but_its_hash(self, runtime):
        row = add(runtime)
        assert PASSWORD not in str(row.model_dump())
        assert row.password_hash.startswith("$argon2id$")

    @one_database
    def test_writes_the_trail_without_personal_data(self, runtime):
        row = add(runtime, role="officer", agencies=["tarakan-dishub", "tarakan-dishub"])
        with runtime.reading() as session:
            audit = session.scalars(select(Audit)).one()
        assert (audit.action, audit.subject_id) == ("staff.add", str(row.id))
        assert EMAIL not in str(audit.model_dump())


#: What PostgreSQL cannot even be asked for.
ODD_EMAILS = {
    "nul": "petugas\x00@example.org",
    "surrogate": "\udfff@example.org",
    "quote": "' OR '1'='1",
}


WRONG = {
    "password": {"password": "kata sandi yang salah"},
    "case": {"password": PASSWORD.upper()},
    "empty": {"password": ""},
    "endless": {"password": PASSWORD + "x" * 100_000},
    "nul": {"password": PASSWORD + "\x00"},
    "lone-surrogate": {"password": "\ud800" * 12},
    "unknown": {"email": "siapa@example.org"},
    "empty-email": {"email": ""},
}


class TestSignIn:
    @pytest.fixture(autouse=True)
    def account(self, runtime: Runtime) -> Staff:
        return add(runtime)

    @one_database
    def test_opens_a_session_the_browser_alone_can_name(self, runtime):
        signed = sign_in(runtime, email=" PETUGAS@example.org ")
        assert signed is not None and signed.session.verified is False
        assert find(runtime, signed.token)
        with runtime.reading() as session:
            assert signed.token not in str([row.model_dump() for row in session.scalars(select(StaffSession))])

    @one_database
    def test_every_session_has_another_token(self, runtime):
        tokens = {signed.token for _ in range(3) if (signed := sign_in(runtime))}
        assert len(tokens) == 3 and min(map(len, tokens)) >= 43  # 256 bits

    @pytest.mark.parametrize("email", ODD_EMAILS.values(), ids=ODD_EMAILS)
    def test_an_odd_email_is_nobody_s(self, runtime, email):
        assert sign_in(runtime, email=email) is None

    @one_database
    @pytest.mark.parametrize("case", WRONG)
    def test_what_is_wrong_is_none_and_no_exception(self, runtime, case):
        assert sign_in(runtime, **WRONG[case]) is None
        with runtime.reading() as session:
            assert session.scalar(select(func.count()).select_from(StaffSession)) == 0
            assert session.scalar(select(func.count()).select_from(LoginAttempt)) == 2

    @one_database
    def test_a_password_cut_at_our_limit_is_not_equal(self, runtime):
        long = "abcdefgh" * 16
        add(runtime, email="panjang@example.org", password=long)
        assert sign_in(runtime, long + "x", "panjang@example.org") is None
        assert sign_in(runtime, long, "panjang@example.org") is not None

    def test_a_closed_account_is_refused_like_a_wrong_password(self, runtime, clock, account):
        add(runtime, email="lain@example.org")
        with runtime.writing() as session:
            staff.set_disabled(session, clock(), session.get_one(Staff, account.id), True)
        assert sign_in(runtime) is None

    @one_database
    def test_the_same_work_is_done_for_everybody(self, runtime, clock, account, monkeypatch):
        hashed: list[str] = []

        class Counting:
            def verify(self, stored: str, password: str) -> bool:
                hashed.append(stored)
                raise VerifyMismatchError

        real = staff._hasher
        add(runtime, email="tutup@example.org")
        with runtime.writing() as session:
            closed = session.scalars(select(Staff).where(Staff.email == "tutup@example.org")).one()
            staff.set_disabled(session, clock(), closed, True)
        monkeypatch.setattr(staff, "_hasher", Counting())
        for email in (EMAIL, "siapa@example.org", "tutup@example.org"):
            sign_in(runtime, "salah salah salah", email)
        assert len(hashed) == 3
        costs = {"$".join(stored.split("$")[:4]) for stored in hashed}
        assert len(costs) == 1  # the same parameters, so the same cost
        with pytest.raises(VerifyMismatchError):  # and a real hash: a broken one would be refused without work
            real.verify(hashed[1], "x")

    @one_database
    def test_too_many_failures_close_the_account_for_a_quarter_of_an_hour(self, runtime, clock):
        for number in range(TRIES_PER_ACCOUNT):
            assert sign_in(runtime, "salah salah salah", network=f"net-{number}") is None
        with pytest.raises(Throttled):
            sign_in(runtime, network="another")
        clock.instant += WINDOW
        assert sign_in(runtime) is not None

    @one_database
    def test_too_many_failures_close_the_network_whatever_the_account(self, runtime, clock):
        for number in range(TRIES_PER_NETWORK):
            assert sign_in(runtime, email=f"siapa{number}@example.org") is None
        with pytest.raises(Throttled):
            sign_in(runtime)
        assert sign_in(runtime, network="another") is not None
        clock.instant += WINDOW
        assert sign_in(runtime) is not None

    @one_database
    def test_no_password_is_looked_at_once_it_is_throttled(self, runtime, monkeypatch):
        for number in range(TRIES_PER_ACCOUNT):
            sign_in(runtime, "salah salah salah", network=f"net-{number}")
        monkeypatch.setattr(staff, "_matches", lambda *_: pytest.fail("a password was looked at"))
        with pytest.raises(Throttled):
            sign_in(runtime)

    @one_database
    def test_a_success_forgets_the_account_s_failures(self, runtime):
        for _ in range(3):
            for number in range(TRIES_PER_ACCOUNT - 1):
                sign_in(runtime, "salah salah salah", network=f"net-{number}")
            assert sign_in(runtime, network="own") is not None

    @one_database
    def test_failures_are_kept_without_name_or_address(self, runtime):
        sign_in(runtime, "salah salah salah")
        with runtime.reading() as session:
            kept = str([row.model_dump() for row in session.scalars(select(LoginAttempt))])
        assert EMAIL not in kept and "192.0.2" not in kept


IDLENESS = {"at-the-limit": (timedelta(0), True), "beyond": (timedelta(seconds=1), False)}


ENDINGS = {
    "sign-out": lambda session, now, signed: staff.end_session(session, now, signed.session),
    "end-all": lambda session, now, signed: staff.end_sessions(session, now, signed.staff),
    "new-password": lambda session, now, signed: staff.set_password(
        session, now, session.get_one(Staff, signed.staff.id), "kata sandi yang baru"
    ),
    "renewed": lambda session, now, signed: staff.renew(session, now, signed.session, verified=True),
    "closed-account": lambda session, now, signed: staff.set_disabled(
        session, now, session.get_one(Staff, signed.staff.id), True
    ),
}


class TestSessions:
    @pytest.fixture
    def signed(self, runtime: Runtime) -> Signed:
        add(runtime)
        found = sign_in(runtime)
        assert found is not None
        return found

    @one_database
    @pytest.mark.parametrize("case", IDLENESS)
    def test_ends_when_idle_too_long(self, runtime, clock, signed, case):
        extra, lives = IDLENESS[case]
        clock.instant += IDLE + extra
        assert find(runtime, signed.token) is lives

    @one_database
    @pytest.mark.parametrize("case", IDLENESS)
    def test_ends_when_too_old_however_busy(self, runtime, clock, signed, case):
        extra, lives = IDLENESS[case]
        start = clock()
        while clock() < start + ABSOLUTE:
            clock.instant = min(clock() + IDLE, start + ABSOLUTE)
            with runtime.writing() as session:
                staff.touch(session, clock(), signed.session.id)
        clock.instant += extra
        assert find(runtime, signed.token) is lives

    @one_database
    @pytest.mark.parametrize("case", ENDINGS)
    def test_ends_at_the_next_request(self, runtime, clock, signed, case):
        add(runtime, email="lain@example.org")  # so that the first is not the last administrator
        assert find(runtime, signed.token)
        with runtime.writing() as session:
            ENDINGS[case](session, clock(), signed)
        assert not find(runtime, signed.token)

    @pytest.mark.parametrize(
        "token", ["", "x", "\x00", "\ud800", "a" * 10_000], ids=["empty", "x", "nul", "odd", "long"]
    )
    def test_a_token_nobody_was_given_names_nothing(self, runtime, signed, token):
        assert not find(runtime, token)

    @one_database
    def test_a_renewed_session_is_new_and_verified(self, runtime, clock, signed):
        with runtime.writing() as session:
            fresh = staff.renew(session, clock(), signed.session, verified=True)
        assert fresh.token != signed.token and fresh.session.verified
        assert find(runtime, fresh.token) and not find(runtime, signed.token)

    @one_database
    def test_an_account_opened_again_keeps_its_sessions_ended(self, runtime, clock, signed):
        add(runtime, email="lain@example.org")
        for disabled in (True, False):
            with runtime.writing() as session:
                staff.set_disabled(session, clock(), session.get_one(Staff, signed.staff.id), disabled)
        assert not find(runtime, signed.token)
        assert sign_in(runtime) is not None


class TestLastAdministrator:
    def close(self, runtime: Runtime, row: Staff) -> None:
        with runtime.writing() as session:
            staff.set_disabled(session, runtime.now(), session.get_one(Staff, row.id), True)

    @one_database
    def test_cannot_be_closed(self, runtime):
        only = add(runtime)
        add(runtime, email="pengawas@example.org", role="supervisor")
        with pytest.raises(StaffFault) as caught:
            self.close(runtime, only)
        assert caught.value.key == "last_admin"

    def test_a_closed_one_does_not_count(self, runtime):
        first, second = add(runtime), add(runtime, email="kedua@example.org")
        self.close(runtime, first)
        with pytest.raises(StaffFault):
            self.close(runtime, second)

    @one_database
    def test_others_may_be_closed(self, runtime):
        add(runtime)
        self.close(runtime, add(runtime, email="kedua@example.org"))
        self.close(runtime, add(runtime, email="pengawas@example.org", role="supervisor"))


SKEW = {
    "two-behind": (-2, False),
    "behind": (-1, True),
    "now": (0, True),
    "ahead": (1, True),
    "two-ahead": (2, False),
}


NO_CODES = {
    "empty": "",
    "word": "abcdef",
    "full-width": "１２３４５６",
    "emoji": "🙂" * 6,
    "odd": "\ud800",
    "long": "1" * 999,
}


class TestSecondFactor:
    @pytest.fixture
    def account(self, runtime: Runtime) -> Staff:
        row = add(runtime)
        with runtime.writing() as session:
            fresh = session.get_one(Staff, row.id)
            fresh.totp_secret = staff.new_totp_secret()
            session.add(fresh)
            return fresh

    def check(self, runtime: Runtime, account: Staff, code: str) -> bool:
        with runtime.writing() as session:
            fresh = session.get_one(Staff, account.id, with_for_update=True)
            return staff.check_totp(session, runtime.now(), SECRET, fresh, code)

    def code(self, runtime: Runtime, account: Staff, steps: int = 0) -> str:
        return pyotp.TOTP(account.totp_secret).at(runtime.now() + timedelta(seconds=30 * steps))

    @one_database
    @pytest.mark.parametrize("case", SKEW)
    def test_a_clock_may_be_one_step_off(self, runtime, account, case):
        steps, passes = SKEW[case]
        assert self.check(runtime, account, self.code(runtime, account, steps)) is passes

    @one_database
    def test_each_code_passes_once(self, runtime, account):
        code = self.code(runtime, account)
        assert self.check(runtime, account, f" {code} ") is True
        assert self.check(runtime, account, code) is False
        assert self.check(runtime, account, self.code(runtime, account, -1)) is False  # nor does an older one
        assert self.check(runtime, account, self.code(runtime, account, 1)) is True

    def test_of_two_requests_with_one_code_one_passes(self, runtime, account):
        code = self.code(runtime, account)
        with runtime.reading() as session:  # both looked at the account before either wrote
            copies = [session.get_one(Staff, account.id).model_copy() for _ in range(2)]
        barrier, passed = Barrier(2), []

        def try_it(copy: Staff) -> None:
            barrier.wait(timeout=20)
            with runtime.writing() as session:
                passed.append(staff.check_totp(session, runtime.now(), SECRET, copy, code))

        threads = [Thread(target=try_it, args=(copy,)) for copy in copies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert sorted(passed) == [False, True]

    @one_database
    @pytest.mark.parametrize("case", NO_CODES)
    def test_what_is_no_code_is_wrong_and_no_exception(self, runtime, account, case):
        assert self.check(runtime, account, NO_CODES[case]) is False

    @one_database
    def test_five_wrong_codes_are_enough_for_a_quarter_of_an_hour(self, runtime, clock, account):
        for _ in range(TOTP_TRIES):
            assert self.check(runtime, account, "000000x") is False
        with pytest.raises(Throttled):
            self.check(runtime, account, self.code(runtime, account))
        clock.instant += WINDOW
        assert self.check(runtime, account, self.code(runtime, account)) is True

    def test_secrets_have_the_bits_the_rfc_asks_for(self):
        secrets = {staff.new_totp_secret() for _ in range(5)}
        assert len(secrets) == 5 and all(len(secret) * 5 >= 160 for secret in secrets)


#: role, agencies → sees tarakan-dishub, prov-diskominfo (the desk), pln-kaltara (not ours)
SCOPES = {
    "admin": ("admin", [], (True, True, True)),
    "admin-with-agencies": ("admin", ["tarakan-dishub"], (True, True, True)),
    "supervisor-of-all": ("supervisor", [], (True, True, True)),
    "supervisor-of-one": ("supervisor", ["tarakan-dishub"], (True, False, False)),
    "officer": ("officer", ["tarakan-dishub"], (True, False, False)),
    "officer-elsewhere": ("officer", ["bulungan-dishub"], (False, False, False)),
    "officer-of-two": ("officer", ["tarakan-dishub", "bulungan-dishub"], (True, False, False)),
    "desk": ("officer", ["prov-diskominfo"], (False, True, True)),
}


@one_database
@pytest.mark.parametrize(("role", "agencies", "sees"), SCOPES.values(), ids=SCOPES)
def test_who_sees_whose_tickets(runtime, role, agencies, sees):
    row = add(runtime, role=role, agencies=agencies)
    with runtime.reading() as session:
        scope = staff.scope_of(session, runtime.region, row)
    assert tuple(scope.sees(code) for code in ("tarakan-dishub", "prov-diskominfo", "pln-kaltara")) == sees


def test_an_officer_whose_agencies_were_taken_away_sees_nothing(runtime):
    row = Staff(id=4711, email="x", role=Role.OFFICER, password_hash="", created_at=runtime.now())
    with runtime.reading() as session:
        assert not staff.scope_of(session, runtime.region, row).sees("tarakan-dishub")
