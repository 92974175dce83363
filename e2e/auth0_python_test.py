"""The real auth0-python (PyPI), unmodified: sign-up, a password, a mailed code, a new password, and the second factor that is due.

It speaks https only unless told otherwise, so the instance has a certificate of its own authority.
"""

import os
import re
import ssl
import subprocess
import time
import unittest
from importlib.metadata import version
from pathlib import Path
from unittest import mock
from urllib.parse import urlsplit

import httpx
from auth0.authentication import Database, GetToken, Passwordless, RevokeToken, Users
from auth0.authentication.exceptions import Auth0Error
from joserfc import jwt
from joserfc.jwk import KeySet

from authlib_test import BINARY, start, stop

CONNECTION = "Username-Password-Authentication"
GRANTS = (
    "authorization_code",
    "refresh_token",
    "password",
    "password-realm",
    "http://auth0.com/oauth/grant-type/passwordless/otp",
    "http://auth0.com/oauth/grant-type/mfa-otp",
)


class Auth0Python(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"foreign client: auth0-python {version('auth0-python')}")
        with mock.patch.dict(os.environ, {"SEKISHO_PASSWORDLESS": "on", "SEKISHO_SIGNUP": "immediate"}):
            cls.process, cls.dev = start("--https")
        cls.addClassCleanup(stop, cls.process)
        trusted = mock.patch.dict(os.environ, {"REQUESTS_CA_BUNDLE": cls.dev["ca"]})
        trusted.start()
        cls.addClassCleanup(trusted.stop)
        cls.http = httpx.Client(verify=ssl.create_default_context(cafile=cls.dev["ca"]))
        cls.addClassCleanup(cls.http.close)
        cls.domain = urlsplit(cls.dev["issuer"]).netloc
        cls.web = cls.dev["web"]
        grants = [word for grant in GRANTS for word in ("--grant", grant)]
        cls.update(cls.web, *grants)
        # Before it is used: a running server hears of a change a moment later.
        cls.update(cls.dev["spa"], *grants, "--mfa", "always")
        keys = cls.http.get(f"{cls.dev['issuer']}.well-known/jwks.json").raise_for_status().json()
        cls.keys = KeySet.import_key_set(keys)

    @classmethod
    def update(cls, client, *words):
        """Changes a client at the command line."""
        env = {
            "PATH": os.environ["PATH"],
            "SEKISHO_ISSUER": cls.dev["issuer"],
            "SEKISHO_DATA_DIR": str(Path(cls.dev["ca"]).parent),
        }
        command = [BINARY, "client", "update", client["client_id"], *words]
        done = subprocess.run(command, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def made(self, kind):
        return kind(self.domain, self.web["client_id"], client_secret=self.web["client_secret"])

    def log_in(self, email, password, **more):
        asked = {"scope": "openid email offline_access", "audience": self.dev["api"]["audience"], **more}
        return self.made(GetToken).login(email, password, realm=CONNECTION, **asked)

    def claims(self, token):
        return jwt.decode(token, self.keys, algorithms=["RS256"]).claims

    def mailed(self, pattern):
        """What the newest mail with such words says, as the page of the mailbox shows it."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            page = self.http.get(f"{self.dev['issuer']}dev/mailbox").raise_for_status().text
            if found := re.search(pattern, page):
                return found[0]
            time.sleep(0.05)
        raise AssertionError(f"no such mail: {page}")

    def refused(self, status, code, call):
        with self.assertRaises(Auth0Error) as caught:
            call()
        self.assertEqual((caught.exception.status_code, caught.exception.error_code), (status, code))
        return caught.exception

    def test_somebody_signs_up_and_logs_in_by_password(self):
        email, password = "sdk-person@example.com", "Kirschkernweitspucken 12"
        made = self.made(Database).signup(email=email, password=password, connection=CONNECTION, given_name="Hana")
        self.assertEqual((made["email"], made["email_verified"]), (email, False))
        tokens = self.log_in(email, password)
        said = self.claims(tokens["id_token"])
        self.assertEqual((said["email"], said["aud"]), (email, self.web["client_id"]))
        self.assertEqual(self.claims(tokens["access_token"])["sub"], said["sub"])
        info = Users(self.domain).userinfo(tokens["access_token"])
        self.assertEqual(info["sub"], said["sub"])
        fresh = self.made(GetToken).refresh_token(tokens["refresh_token"])
        self.assertEqual(self.claims(fresh["id_token"])["sub"], said["sub"])
        self.made(RevokeToken).revoke_refresh_token(fresh.get("refresh_token", tokens["refresh_token"]))
        self.refused(403, "invalid_grant", lambda: self.made(GetToken).refresh_token(tokens["refresh_token"]))

    def test_a_wrong_password_and_an_unknown_address_are_one_answer(self):
        email = self.dev["user"]["email"]
        said = [
            self.refused(403, "invalid_grant", lambda: self.log_in(address, "a wrong guess"))
            for address in (email, "nobody@example.com")
        ]
        self.assertEqual(said[0].message, said[1].message)

    def test_a_new_password_is_asked_for_in_one_sentence(self):
        said = [
            self.made(Database).change_password(email=address, connection=CONNECTION)
            for address in (self.dev["user"]["email"], "nobody@example.com")
        ]
        self.assertEqual(said[0], said[1])
        self.assertIn("email", said[0])

    def test_a_mailed_code_logs_in_and_only_once(self):
        email = self.dev["user"]["email"]
        self.made(Passwordless).email(email, send="code")
        code = self.mailed(r"(?<=<p>    )\d{6}(?=</p>)")

        def log_in():
            asked = ("email", "openid email", self.dev["api"]["audience"])
            return self.made(GetToken).passwordless_login(email, code, *asked)

        self.assertEqual(self.claims(log_in()["id_token"])["email"], email)
        self.refused(403, "invalid_grant", log_in)

    def test_a_second_factor_is_asked_for_by_name(self):
        user, spa = self.dev["user"], GetToken(self.domain, self.dev["spa"]["client_id"])
        log_in = lambda: spa.login(user["email"], user["password"], realm=CONNECTION, scope="openid")  # noqa: E731
        owing = self.refused(403, "mfa_required", log_in)
        self.assertGreater(len(owing.content["mfa_token"]), 40)
        self.assertIn("id_token", self.log_in(user["email"], user["password"]))


if __name__ == "__main__":
    unittest.main()
