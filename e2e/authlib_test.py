"""The real Authlib (PyPI), unmodified, from login to verified tokens: web and SPA clients, refresh, machine.

Starts the real binary as a fixture; a person without a browser walks through the hosted pages by HTTP.
"""

import json
import os
import ssl
import subprocess
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import authlib
import httpx
from authlib.common.security import generate_token
from authlib.integrations.httpx_client import OAuth2Client, OAuthError
from joserfc import jwt
from joserfc.jwk import KeySet

ROOT = Path(__file__).resolve().parent.parent
BINARY = os.environ.get("SEKISHO_BIN") or str(
    Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug/sekisho"
)


def start(*args):
    """Starts an instance and reads its ready line."""
    log = tempfile.TemporaryFile("w+")
    process = subprocess.Popen(
        [BINARY, "dev", "--json", "--ephemeral", "--port", "0", *args], stdout=subprocess.PIPE, stderr=log, text=True
    )
    line = process.stdout.readline()
    if not line:
        code = process.wait()
        log.seek(0)
        raise RuntimeError(f"{BINARY} ended with {code} before it was ready:\n{log.read()}")
    log.close()
    return process, json.loads(line)


def stop(process):
    process.terminate()
    process.wait()
    process.stdout.close()


class Form(HTMLParser):
    """The first POST form of a page."""

    def __init__(self, html):
        super().__init__()
        self.action, self.fields, self.inside = None, {}, False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form" and self.action is None and attrs.get("method", "").lower() == "post":
            self.action, self.inside = attrs.get("action", ""), True
        elif tag == "input" and self.inside and attrs.get("name"):
            self.fields[attrs["name"]] = attrs.get("value") or ""

    def handle_endtag(self, tag):
        if tag == "form":
            self.inside = False


def sign_in(user, url, redirect_uri, verify):
    """Walks through the hosted pages until they would leave for redirect_uri, and returns that URL."""
    with httpx.Client(verify=verify) as browser:
        reply = browser.get(url)
        for _ in range(12):
            if reply.is_redirect:
                place = urljoin(str(reply.url), reply.headers["location"])
                if place.startswith(redirect_uri):
                    return place
                reply = browser.get(place)
                continue
            assert reply.status_code == 200, f"{reply.url} answered {reply.status_code}: {reply.text}"
            form = Form(reply.text)
            assert form.action is not None, f"a page without a form: {reply.text}"
            fields = form.fields | {name: user[name] for name in ("email", "password") if name in form.fields}
            origin = f"{reply.url.scheme}://{reply.url.netloc.decode()}"
            reply = browser.post(urljoin(str(reply.url), form.action), data=fields, headers={"origin": origin})
    raise AssertionError(f"never reached {redirect_uri}")


class Authlib:
    """Everything the client can do; the two classes below run it over http and https."""

    arguments = ()

    @classmethod
    def setUpClass(cls):
        print(f"foreign client: authlib {authlib.__version__}")
        cls.process, cls.dev = start(*cls.arguments)
        cls.addClassCleanup(stop, cls.process)
        cls.verify = True
        if cls.arguments:
            cls.verify = ssl.create_default_context(cafile=cls.dev["ca"])
        with httpx.Client(verify=cls.verify) as http:
            cls.metadata = http.get(f"{cls.dev['issuer']}.well-known/openid-configuration").raise_for_status().json()
            keys = http.get(cls.metadata["jwks_uri"]).raise_for_status().json()
        cls.keys = KeySet.import_key_set(keys)

    def claims(self, token, audience):
        """The claims of a token whose signature, issuer, audience and time are in order."""
        decoded = jwt.decode(token, self.keys, algorithms=["RS256"])
        registry = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": self.dev["issuer"]},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            iat={"essential": True},
        )
        registry.validate(decoded.claims)
        return decoded.claims

    def log_in(self, client_id, redirect_uri, **secret):
        client = OAuth2Client(
            client_id,
            redirect_uri=redirect_uri,
            scope="openid profile email offline_access read:notes",
            code_challenge_method="S256",
            token_endpoint=self.metadata["token_endpoint"],
            revocation_endpoint_auth_method=None,
            verify=self.verify,
            **secret,
        )
        self.addCleanup(client.close)
        verifier, nonce = generate_token(48), generate_token(20)
        url, state = client.create_authorization_url(
            self.metadata["authorization_endpoint"],
            code_verifier=verifier,
            nonce=nonce,
            audience=self.dev["api"]["audience"],
        )
        back = sign_in(self.dev["user"], url, redirect_uri, self.verify)
        tokens = client.fetch_token(
            self.metadata["token_endpoint"], authorization_response=back, code_verifier=verifier, state=state
        )
        claims = self.claims(tokens["id_token"], client_id)
        self.assertEqual(claims["nonce"], nonce)
        self.assertEqual(claims["email"], self.dev["user"]["email"])
        access = self.claims(tokens["access_token"], self.dev["api"]["audience"])
        self.assertEqual(access["sub"], claims["sub"])
        self.assertIn("read:notes", access["scope"].split())
        return client, tokens, claims

    def use(self, client, tokens, claims):
        me = client.get(urljoin(self.dev["api"]["url"], "/me"))
        self.assertEqual(me.status_code, 200, me.text)
        self.assertEqual(me.json()["you"], claims["sub"])
        info = client.get(self.metadata["userinfo_endpoint"])
        self.assertEqual(info.json()["sub"], claims["sub"])
        fresh = client.refresh_token(self.metadata["token_endpoint"], refresh_token=tokens["refresh_token"])
        self.assertNotEqual(fresh["access_token"], tokens["access_token"])
        self.assertEqual(self.claims(fresh["id_token"], client.client_id)["sub"], claims["sub"])

    def test_web_with_secret_in_the_header(self):
        web = self.dev["web"]
        self.use(*self.log_in(web["client_id"], web["redirect_uri"], client_secret=web["client_secret"]))

    def test_web_with_secret_in_the_body(self):
        web = self.dev["web"]
        self.use(
            *self.log_in(
                web["client_id"],
                web["redirect_uri"],
                client_secret=web["client_secret"],
                token_endpoint_auth_method="client_secret_post",
            )
        )

    def test_spa_without_secret(self):
        spa = self.dev["spa"]
        self.use(*self.log_in(spa["client_id"], spa["redirect_uri"], token_endpoint_auth_method="none"))

    def test_machine(self):
        machine = self.dev["machine"]
        with OAuth2Client(machine["client_id"], machine["client_secret"], verify=self.verify) as client:
            tokens = client.fetch_token(
                self.metadata["token_endpoint"],
                grant_type="client_credentials",
                audience=self.dev["api"]["audience"],
            )
            claims = self.claims(tokens["access_token"], self.dev["api"]["audience"])
            self.assertEqual(claims["sub"], f"{machine['client_id']}@clients")
            self.assertEqual(client.get(urljoin(self.dev["api"]["url"], "/me")).status_code, 200)
        with OAuth2Client(machine["client_id"], "wrong", verify=self.verify) as client:
            with self.assertRaises(OAuthError):
                client.fetch_token(self.metadata["token_endpoint"], grant_type="client_credentials")


class OverHttp(Authlib, unittest.TestCase):
    pass


class OverHttps(Authlib, unittest.TestCase):
    arguments = ("--https",)


if __name__ == "__main__":
    unittest.main()
