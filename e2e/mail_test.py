"""Mail through a foreign SMTP server (aiosmtpd): TLS from the start and STARTTLS, a login, both parts, both languages.

The server's certificate is made here and trusted by `mail.ca`, so a wrong certificate is a refused mail.
"""

import datetime
import email
import email.policy
import os
import queue
import socket
import ssl
import tempfile
import unittest
from pathlib import Path
from urllib.parse import urljoin

import httpx
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from authlib_test import Form, start, stop

USER, PASSWORD = "relay@user", "p@ss:word/1"


def certificate(folder):
    """An authority's certificate, and a certificate for localhost with its key, as files."""
    now = datetime.datetime.now(datetime.timezone.utc)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("Test authority", "localhost")]

    def made(which, extension):
        builder = x509.CertificateBuilder().subject_name(names[which]).issuer_name(names[0])
        builder = builder.public_key(keys[which].public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(days=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=2))
        return builder.add_extension(extension, critical=which == 0).sign(keys[0], hashes.SHA256())

    authority = made(0, x509.BasicConstraints(ca=True, path_length=None))
    server = made(1, x509.SubjectAlternativeName([x509.DNSName("localhost")]))
    files = [Path(folder, name) for name in ("ca.pem", "smtp.pem", "smtp.key")]
    files[0].write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(server.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files[2].write_bytes(keys[1].private_bytes(serialization.Encoding.PEM, *private))
    return files


def free_port():
    """A port that was free a moment ago: the foreign server cannot be given one by the system."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Inbox:
    """What the foreign server took."""

    def __init__(self):
        self.mails = queue.Queue()

    async def handle_DATA(self, server, session, envelope):
        self.mails.put((envelope, email.message_from_bytes(envelope.content, policy=email.policy.default)))
        return "250 OK"


def check(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right)


class Mail(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.authority, public, private = certificate(folder.name)
        self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.tls.load_cert_chain(public, private)
        self.inbox = Inbox()

    def relay(self, port=None, **more):
        """Starts the foreign server, on a free port unless told; answers the port and how to stop it."""
        port = port or free_port()
        server = Controller(
            self.inbox, hostname="127.0.0.1", port=port, authenticator=check, auth_required=True,
            # The server does not know that TLS from the start is TLS.
            auth_require_tls="tls_context" in more, **more
        )
        server.start()
        running = [server]

        def end():
            while running:
                running.pop().stop()

        self.addCleanup(end)
        return port, end

    def issuer(self, relay):
        environment = {
            "SEKISHO_MAIL_RELAY": relay,
            "SEKISHO_MAIL_FROM": "関所 <no-reply@example.com>",
            "SEKISHO_MAIL_CA": str(self.authority),
        }
        before = {name: os.environ.get(name) for name in environment}
        os.environ.update(environment)
        try:
            process, ready = start()
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})
        self.addCleanup(stop, process)
        return ready

    def ask(self, ready, language):
        """Asks for a new password of the demo user, as a person does."""
        person = httpx.Client(headers={"accept-language": language}, trust_env=False)
        self.addCleanup(person.close)
        page = urljoin(ready["issuer"], "u/reset")
        form = Form(person.get(page).text)
        reply = person.post(urljoin(page, form.action), data={"email": ready["user"]["email"]})
        self.assertEqual(reply.status_code, 200, reply.text)
        return person

    def receive(self, ready, language, subject):
        person = self.ask(ready, language)
        envelope, mail = self.inbox.mails.get(timeout=30)
        self.assertEqual(envelope.rcpt_tos, [ready["user"]["email"]])
        self.assertEqual(envelope.mail_from, "no-reply@example.com")
        self.assertEqual(mail["from"].addresses[0].display_name, "関所")
        self.assertEqual(mail["subject"], subject)
        self.assertEqual(mail["auto-submitted"], "auto-generated")
        self.assertTrue(mail["message-id"] and mail["date"])
        text = mail.get_body(("plain",)).get_content()
        html = mail.get_body(("html",)).get_content()
        link = next(line for line in text.splitlines() if line.startswith(ready["issuer"]))
        self.assertIn(f'href="{link}"', html)
        self.assertEqual(person.get(link).status_code, 200, "the link works")

    def test_tls_from_the_start(self):
        port, _ = self.relay(ssl_context=self.tls)
        ready = self.issuer(f"smtps://relay%40user:p%40ss%3Aword%2F1@localhost:{port}")
        self.receive(ready, "en", "Choose a new password for Sekisho")
        self.receive(ready, "ja", "Sekisho のパスワード再設定")

    def test_starttls(self):
        port, _ = self.relay(tls_context=self.tls, require_starttls=True)
        ready = self.issuer(f"smtp://relay%40user:p%40ss%3Aword%2F1@localhost:{port}")
        self.receive(ready, "en", "Choose a new password for Sekisho")

    def test_a_relay_that_is_down_gets_the_mail_when_it_is_back(self):
        port, end = self.relay(ssl_context=self.tls)
        ready = self.issuer(f"smtps://relay%40user:p%40ss%3Aword%2F1@localhost:{port}")
        end()
        self.ask(ready, "en")
        self.relay(port=port, ssl_context=self.tls)
        envelope, _ = self.inbox.mails.get(timeout=60)
        self.assertEqual(envelope.rcpt_tos, [ready["user"]["email"]])


if __name__ == "__main__":
    unittest.main()
