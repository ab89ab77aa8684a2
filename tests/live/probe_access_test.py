"""keepsim probe through TLS, with user names and passwords, against the real mosquitto."""

import json
import os
import subprocess
import tempfile
import unittest

import brokers
import probing


def make_certificates(folder):
    """A CA and a certificate of "localhost" and 127.0.0.1 signed by it; another CA."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, cwd=folder, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650")
    for ca in ("ca", "other"):
        openssl("req", "-x509", *key, "-subj", f"/CN=KeepSim test {ca}", "-keyout", f"{ca}.key",
                "-out", f"{ca}.pem")
    with open(os.path.join(folder, "names"), "w", encoding="ascii") as file:
        file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name in ("broker", "client"):
        openssl("req", *key, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", "request")
        openssl("x509", "-req", "-in", "request", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", "3650", "-extfile", "names", "-out", f"{name}.pem")


class Access(unittest.TestCase):
    """TLS, user names, passwords: short probes of the real mosquitto."""

    SHORT = ("--keep-alive", 1, "--clients", 1, "--for", 2, "--format", "json")

    @classmethod
    def setUpClass(cls):
        cls.why_not = brokers.missing("mosquitto", "openssl", "mosquitto_passwd")
        if cls.why_not:
            return
        cls.folder = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        make_certificates(cls.folder)
        subprocess.run(["mosquitto_passwd", "-b", "-c", os.path.join(cls.folder, "users"), "toby",
                        "secret word"], check=True, stderr=subprocess.DEVNULL)
        tls = "cafile {folder}/ca.pem\ncertfile {folder}/broker.pem\nkeyfile {folder}/broker.key\n"
        cls.tls = brokers.Mosquitto(tls + "allow_anonymous true", cls.folder)
        cls.mutual = brokers.Mosquitto(tls + "require_certificate true\nallow_anonymous true",
                                       cls.folder)
        cls.users = brokers.Mosquitto("allow_anonymous false\npassword_file {folder}/users",
                                      cls.folder)

    @classmethod
    def tearDownClass(cls):
        if not cls.why_not:
            for broker in (cls.tls, cls.mutual, cls.users):
                broker.close()

    def setUp(self):
        if self.why_not:
            self.skipTest(self.why_not)

    def file(self, name):
        return os.path.join(self.folder, name)

    def test_tls_with_the_authority_named(self):
        code, out, err = probing.run(self.tls.port, *self.SHORT, "--tls", "--ca", self.file("ca.pem"))
        self.assertEqual(code, 0, err)
        r = json.loads(out)
        self.assertRegex(r["tls"], r"^TLSv1\.[23], ")
        self.assertEqual(r["connections"]["tls"]["count"], 1)

    def test_tls_with_a_client_certificate(self):
        ca = ("--tls", "--ca", self.file("ca.pem"))
        mine = ("--cert", self.file("client.pem"), "--key", self.file("client.key"))
        code, _, err = probing.run(self.mutual.port, *self.SHORT, *ca, *mine)
        self.assertEqual(code, 0, err)
        code, out, err = probing.run(self.mutual.port, *self.SHORT, *ca)
        self.assertEqual((code, out), (2, ""))
        self.assertIn("certificate required", err)

    def test_a_certificate_that_cannot_be_trusted(self):
        code, out, err = probing.run(self.tls.port, *self.SHORT, "--tls", "--ca", self.file("other.pem"))
        self.assertEqual((code, out), (2, ""))
        self.assertIn("certificate is not accepted", err)
        code, _, err = probing.run(self.tls.port, *self.SHORT, "--tls")
        self.assertEqual(code, 2)
        code, _, err = probing.run(self.tls.port, *self.SHORT, "--tls", "--insecure")
        self.assertEqual(code, 0, err)
        self.assertIn("NOT checked", err)

    def test_a_certificate_of_another_host(self):
        # "ip6-localhost" or another name of this machine; the certificate knows two others.
        command = [probing.KEEPSIM, "probe", "--broker", f"127.1:{self.tls.port}", *map(str, self.SHORT),
                   "--tls", "--ca", self.file("ca.pem")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertRegex(done.stderr, "(?i)host ?name mismatch")

    def test_plain_mqtt_to_a_tls_port_and_back(self):
        code, _, err = probing.run(self.tls.port, *self.SHORT)
        self.assertEqual(code, 2)
        self.assertIn("gave no session", err)
        code, _, err = probing.run(self.users.port, *self.SHORT, "--tls", "--insecure")
        self.assertEqual(code, 2)
        self.assertIn("gave no session", err)

    def test_user_name_and_password(self):
        with open(self.file("password"), "w", encoding="ascii") as file:
            file.write("secret word\n")
        out_file = self.file("probed.textproto")
        code, out, err = probing.run(self.users.port, *self.SHORT, "--user", "toby", "--password-file",
                             self.file("password"), "--out", out_file)
        self.assertEqual(code, 0, err)
        self.assertIn("in the clear", err)
        with open(out_file, encoding="utf-8") as file:
            for text in (out, err, file.read()):
                self.assertNotIn("secret", text)
                self.assertNotIn("toby", text)
        for flags in ((), ("--user", "toby", "--password", "wrong word")):
            code, out, err = probing.run(self.users.port, *self.SHORT, *flags)
            self.assertEqual((code, out), (2, ""))
            self.assertIn("not authorized (0x05)", err)
            self.assertNotIn("wrong word", err)
        code, _, err = probing.run(self.users.port, *self.SHORT, "--mqtt", 5)
        self.assertEqual(code, 2)
        self.assertIn("not authorized (0x87)", err)

if __name__ == "__main__":
    unittest.main()
