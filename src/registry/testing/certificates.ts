import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** A certificate and its key, as files. */
export interface Pair {
  cert: string;
  key: string;
}

/** An authority of its own, made by openssl in `folder`, that signs certificates for tests. */
export function makeAuthority(folder: string, name: string): Pair & { sign(common: string): Pair } {
  const cert = join(folder, `${name}.crt`);
  const key = join(folder, `${name}.key`);
  openssl("req", "-x509", ...newKey(key), "-subj", `/CN=${name}`, "-days", "2", "-out", cert);
  return {
    cert,
    key,
    sign(common) {
      const own = join(folder, `${name}-${common}-${counter++}`);
      writeFileSync(`${own}.ext`, "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
      openssl("req", ...newKey(`${own}.key`), "-subj", `/CN=${common}`, "-out", `${own}.csr`);
      const signing = ["-CA", cert, "-CAkey", key, "-CAcreateserial", "-extfile", `${own}.ext`];
      openssl("x509", "-req", "-in", `${own}.csr`, ...signing, "-days", "2", "-out", `${own}.crt`);
      return { cert: `${own}.crt`, key: `${own}.key` };
    },
  };
}

let counter = 0;

function newKey(file: string): string[] {
  return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file];
}

function openssl(...words: string[]): void {
  execFileSync("openssl", words, { stdio: ["ignore", "ignore", "pipe"] });
}
