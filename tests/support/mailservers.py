"""Real mail servers on loopback for the tests: Dovecot for mailboxes, Postfix to carry mail. Each runs from a temporary
folder with a configuration of its own and touches nothing else on the machine."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import smtplib
import subprocess
import tempfile
from pathlib import Path

from imap_tools import MailBoxUnencrypted

from tests.support.servers import free_port, listens, wait_until

PASSWORD = "sandi-kotak-surat"  # the servers' own
OURS = "lapor.contoh.go.id"
CITIZENS = "contoh.id"
SBIN = "/usr/sbin:/usr/local/sbin:/sbin"


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SBIN}")


class Dovecot:
    """A Dovecot in a temporary folder, as an ordinary user: every name has a mailbox, all with one password."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="aduan-imap-"))
        self.port, self.lmtp_port, self.auth_port = free_port(), free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def available() -> bool:
        """Whether this machine has Dovecot."""
        return _program("dovecot") is not None

    def start(self) -> None:
        """Write the configuration and wait until mailboxes can be opened."""
        user = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        group = grp.getgrgid(user.pw_gid).gr_name
        config = self.folder / "dovecot.conf"
        config.write_text(self._configuration(user.pw_name, group, user.pw_uid, user.pw_gid))
        who: dict[str, object] = {}
        if os.getuid() == 0:
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        program = _program("dovecot")
        assert program
        self._process = subprocess.Popen(
            [program, "-F", "-c", str(config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            **who,  # type: ignore[call-overload]
        )
        for port in (self.port, self.lmtp_port, self.auth_port):
            wait_until(lambda port=port: listens(port), what="Dovecot")  # type: ignore[misc]

    def _configuration(self, user: str, group: str, uid: int, gid: int) -> str:
        return f"""
protocols = imap lmtp
listen = 127.0.0.1
base_dir = {self.folder}/run
state_dir = {self.folder}/state
log_path = {self.folder}/dovecot.log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_format = %Ln
recipient_delimiter = +
lmtp_save_to_detail_mailbox = no
mail_location = maildir:{self.folder}/mail/%n
first_valid_uid = 1
imap_idle_notify_interval = 2 mins
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={self.folder}/mail/%n allow_all_users=yes
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service auth {{
  inet_listener {{
    port = {self.auth_port}
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {self.port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {self.lmtp_port}
  }}
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Aduan {{
    auto = create
  }}
}}
"""

    def url(self, name: str, folder: str = "INBOX") -> str:
        """The address under which our channel reads a mailbox."""
        return f"imap://{name}:{PASSWORD}@127.0.0.1:{self.port}/{folder}"

    def mailbox(self, name: str, folder: str = "INBOX") -> MailBoxUnencrypted:
        """A client of a mailbox, such as an officer's or a citizen's; close it by ``with``."""
        opened = MailBoxUnencrypted("127.0.0.1", self.port, timeout=20)
        opened.login(name, PASSWORD, initial_folder=folder)
        return opened

    def deliver(self, name: str, raw: bytes) -> None:
        """Put a mail into a mailbox, as a mail server would."""
        with smtplib.LMTP("127.0.0.1", self.lmtp_port, local_hostname="mx.contoh.id", timeout=20) as talk:
            talk.sendmail("warga@contoh.id", [f"{name}@{CITIZENS}"], raw)

    def rebuild(self, name: str) -> None:
        """Give a mailbox another UIDVALIDITY, as a restored backup does."""
        for index in (self.folder / "mail" / name).glob("dovecot*"):
            index.unlink()
        made = self.folder / "mail" / name / "dovecot-uidlist"
        made.write_text("3 V77777777 N1\n")
        if os.getuid() == 0:
            shutil.chown(made, "nobody")

    def stop(self) -> None:
        """Stop it and remove its folder."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=20)
        shutil.rmtree(self.folder, ignore_errors=True)


class Postfix:
    """A Postfix instance in a temporary folder: takes mail on loopback, hands our domain to an LMTP listener (or to
    ``dovecot``) and the citizens' domain to ``dovecot``. Whoever signs in may send as themselves only."""

    def __init__(self, dovecot: Dovecot, lmtp_port: int = 0) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="aduan-mta-"))
        self.port = free_port()
        self.dovecot = dovecot
        self.lmtp_port = lmtp_port or dovecot.lmtp_port

    @staticmethod
    def available() -> bool:
        """Whether this machine has Postfix and we may run it: its master process insists on being started by root."""
        return _program("postfix") is not None and os.getuid() == 0

    def start(self) -> None:
        """Write the configuration and wait until it takes mail."""
        self.folder.chmod(0o755)
        (self.folder / "etc").mkdir()
        (self.folder / "queue").mkdir()
        data = self.folder / "data"
        data.mkdir()
        shutil.chown(data, "postfix", "postfix")
        (self.folder / "etc" / "main.cf").write_text(self._main())
        (self.folder / "etc" / "master.cf").write_text(self._master())
        self._run("start")
        wait_until(lambda: listens(self.port), what="Postfix")

    def _run(self, command: str) -> None:
        program = _program("postfix")
        assert program
        done = subprocess.run(
            [program, "-c", str(self.folder / "etc"), command], capture_output=True, cwd=self.folder, timeout=60
        )
        if done.returncode:
            raise RuntimeError(f"postfix {command}: {done.stderr.decode(errors='replace')[-1000:]}")

    def _main(self) -> str:
        return f"""
compatibility_level = 3.6
queue_directory = {self.folder}/queue
data_directory = {self.folder}/data
maillog_file_prefixes = {self.folder}
maillog_file = {self.folder}/mail.log
myhostname = mx.contoh.id
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
alias_maps =
local_recipient_maps =
recipient_delimiter = +
smtp_dns_support_level = disabled
virtual_mailbox_domains = {OURS}, {CITIZENS}
virtual_transport = error:5.1.1 no such mailbox
transport_maps = inline:{{ {OURS}=lmtp:inet:127.0.0.1:{self.lmtp_port},
 {CITIZENS}=lmtp:inet:127.0.0.1:{self.dovecot.lmtp_port},
 {{ hilang.{CITIZENS} = error:5.1.1 no such mailbox }} }}
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{self.dovecot.auth_port}
smtpd_sender_login_maps = inline:{{ {{ aduan@{OURS} = aduan }} }}
smtpd_sender_restrictions = reject_authenticated_sender_login_mismatch
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access inline:{{ {{ tidak-ada@{CITIZENS} = 550 5.1.1 unknown }} }}
smtputf8_enable = yes
queue_run_delay = 2s
minimal_backoff_time = 2s
maximal_backoff_time = 4s
"""

    def _master(self) -> str:
        rows = """
127.0.0.1:PORT inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 2 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
        return rows.replace("PORT", str(self.port)).lstrip()

    @property
    def url(self) -> str:
        """The address our channel sends through, signed in as ``aduan``."""
        return f"smtp://aduan:{PASSWORD}@127.0.0.1:{self.port}"

    def accept(self, raw: bytes, sender: str, *recipients: str) -> None:
        """Hand it a mail as another mail server would."""
        with smtplib.SMTP("127.0.0.1", self.port, local_hostname="mx.lain.contoh.id", timeout=20) as talk:
            talk.sendmail(sender, list(recipients), raw)

    def log(self) -> str:
        """What it wrote down, for a failing test."""
        path = self.folder / "mail.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self) -> None:
        """Stop it and remove its folder."""
        self._run("stop")
        shutil.rmtree(self.folder, ignore_errors=True)
