import { readFile, stat } from "node:fs/promises";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { DdiffError, messageOf } from "../util/errors.ts";

/** Names of the files of a server's certificate. */
export interface TlsFiles {
  cert: string;
  key: string;
  clientCa?: string;
}

/** Certificates that are watched. */
export interface WatchedTls {
  /** What they hold now. */
  current: SecureContextOptions;
  close(): void;
}

const look = 5000;
/** TLS 1.2 is what the oldest engine speaks that pulls from a registry of today. */
const minVersion = "TLSv1.2";

/** Reads certificate, key and authorities, and checks that they fit. Throws `TLS_INVALID`. */
export async function readTls(files: TlsFiles): Promise<SecureContextOptions> {
  try {
    const [cert, key, ca] = await Promise.all([
      readFile(files.cert),
      readFile(files.key),
      files.clientCa === undefined ? undefined : readFile(files.clientCa),
    ]);
    const options: SecureContextOptions = { cert, key, minVersion, ...(ca === undefined ? {} : { ca }) };
    createSecureContext(options);
    return options;
  } catch (cause) {
    throw new DdiffError("TLS_INVALID", `the server's certificate cannot be used: ${messageOf(cause)}`, {
      hint: `${files.cert} must hold the certificate and ${files.key} its key, in PEM.`,
      cause,
    });
  }
}

/**
 * Reads the files again whenever one changes, and hands them to `onChange`. While they do not fit (one of two is replaced already)
 * the old ones stay and `onProblem` hears of it. `interval` in milliseconds.
 */
export async function watchTls(
  files: TlsFiles,
  onChange: (options: SecureContextOptions) => void,
  onProblem: (error: unknown) => void,
  interval = look,
): Promise<WatchedTls> {
  let seen = await fingerprint(files);
  const watched = { current: await readTls(files), close: () => clearInterval(timer) };
  let busy = false;
  let told = "";
  const check = async (): Promise<void> => {
    const now = await fingerprint(files);
    if (now === seen) return;
    const options = await readTls(files);
    seen = now;
    told = "";
    watched.current = options;
    onChange(options);
  };
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    check()
      .catch((error: unknown) => {
        if (messageOf(error) !== told) onProblem(error);
        told = messageOf(error);
      })
      .finally(() => {
        busy = false;
      });
  }, interval);
  timer.unref();
  return watched;
}

async function fingerprint(files: TlsFiles): Promise<string> {
  const names = [files.cert, files.key, ...(files.clientCa === undefined ? [] : [files.clientCa])];
  try {
    const infos = await Promise.all(names.map((name) => stat(name, { bigint: true })));
    return infos.map((info) => [info.ino, info.size, info.mtimeNs, info.ctimeNs].join()).join(";");
  } catch (cause) {
    throw new DdiffError("TLS_INVALID", `the server's certificate cannot be read: ${messageOf(cause)}`, {
      cause,
    });
  }
}
