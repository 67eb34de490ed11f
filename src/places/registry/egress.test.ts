import { expect, test } from "vitest";
import { isOwnRealm, makeEgress } from "./egress.ts";

const from = (origin: string) => makeEgress("registry", new URL(origin));

/** What a lookup of a name answers to a connection. */
async function lookedUp(origin: string, name: string): Promise<string> {
  const { lookup } = await from(origin);
  return new Promise((resolve) => {
    lookup(name, {}, (error, address) => {
      const found = typeof address === "string" ? address : "several";
      resolve(error === null ? found : (error.code ?? ""));
    });
  });
}

test.each([
  ["http://127.0.0.1", false],
  ["http://[::1]", false],
  ["http://2130706433/", false],
  ["http://0x7f.1/", false],
  ["http://0.0.0.0/", false],
  ["http://169.254.169.254/latest/meta-data", false],
  ["http://[fe80::1]/", false],
  ["http://[::ffff:127.0.0.1]/", false],
  ["http://[::ffff:a9fe:a9fe]/", false],
  ["http://10.0.0.1/", false],
  ["http://192.168.1.1/", false],
  ["http://[fd00::1]/", false],
  ["http://224.0.0.1/", false],
  ["https://93.184.215.14/", true],
  ["https://[2606:2800::1]/", true],
])("a registry on the internet may send us to %s: %s", async (address, may) => {
  const egress = await from("https://93.184.215.15");
  if (may) expect(() => egress.check(new URL(address))).not.toThrow();
  else {
    expect(() => egress.check(new URL(address))).toThrow(
      expect.objectContaining({ code: "REGISTRY_MISBEHAVES" }),
    );
  }
});

test("a registry of a private network may send us about in it, but not into this machine", async () => {
  const egress = await from("https://10.1.2.3:5000");
  for (const good of ["http://10.9.9.9:9000", "http://192.168.7.7", "https://93.184.215.14"]) {
    expect(() => egress.check(new URL(good))).not.toThrow();
  }
  for (const bad of ["http://127.0.0.1:22", "http://169.254.169.254"]) {
    expect(() => egress.check(new URL(bad))).toThrow();
  }
});

test("a name is judged by the addresses that it has", async () => {
  expect(await lookedUp("https://93.184.215.15", "localhost")).toBe("REGISTRY_MISBEHAVES");
  expect(await lookedUp("http://localhost:5000", "localhost")).toMatch(/^(?:127\.0\.0\.1|::1)$/);
});

test.each([
  ["https://registry.example.org/token", "https://registry.example.org", true],
  ["https://registry.example.org:8443/token", "https://registry.example.org", true],
  ["https://example.org/jwt/auth", "https://registry.example.org", true],
  ["https://auth.docker.io/token", "https://registry-1.docker.io", true],
  ["https://evil.org/token", "https://registry.example.org", false],
  ["https://auth.example.org/token", "https://registry.example.org", false],
  ["https://registry.example.org.evil.org/token", "https://registry.example.org", false],
  ["https://gle.org/", "https://example-google.org", false],
  ["https://org/token", "https://registry.example.org", false],
  ["https://auth.docker.io/token", "https://registry.example.org", false],
  ["http://0.0.1/token", "http://127.0.0.1:5000", false],
])("a login may be shown to %s by %s: %s", (realm, origin, may) => {
  expect(isOwnRealm(new URL(realm), new URL(origin))).toBe(may);
});
