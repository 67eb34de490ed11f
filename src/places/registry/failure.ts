import { DdiffError, messageOf, systemErrorCode } from "../../util/errors.ts";
import { header, type Answer } from "./http.ts";
import { cancelled, parseRetryAfter, TransientFailure } from "./retry.ts";

/** What a failed request was about, for the sentence that the user reads. */
export interface Subject {
  /** The registry as the user writes it. */
  registry: string;
  /** What was asked for: `app:2`, `layer sha256:… of app`. */
  what: string;
  /** Whose credentials went along: `user ann (from ~/.docker/config.json)`. */
  who?: string | undefined;
  /** What to say about a 404. */
  missing?: "image" | "blob" | undefined;
}

const transientStatuses = new Set([408, 425, 429, 500, 502, 503, 504]);
const transientCodes = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "ENETUNREACH",
  "ENETDOWN",
  "EHOSTUNREACH",
  "ENOTFOUND",
  "ERR_STREAM_PREMATURE_CLOSE",
  "HPE_INVALID_EOF_STATE",
]);
/** No registry is there at all: only worth a repeat when it has answered before. */
const absentCodes = new Set(["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH"]);
/** A registry's own words are cut here, lest they fill the screen. */
const wordsLimit = 300;
const bodyLimit = 64 << 10;

/** Turns an answer that was not wanted into an error to throw: `TransientFailure` where a repeat may help. */
export async function answerFailure(
  answer: Answer,
  subject: Subject,
): Promise<DdiffError | TransientFailure> {
  const words = await registryWords(answer);
  const failure = sentence(answer, subject, words);
  if (!transientStatuses.has(answer.status)) return failure;
  return new TransientFailure(failure, parseRetryAfter(header(answer, "retry-after"), Date.now()));
}

/** Turns an error of the connection into an error to throw. `reached`: the registry has answered before. */
export function networkFailure(
  error: unknown,
  subject: Subject,
  reached: boolean,
): DdiffError | TransientFailure {
  if (error instanceof DdiffError || error instanceof TransientFailure) return error;
  if (error instanceof Error && error.name === "AbortError") return cancelled(error);
  const code = systemErrorCode(error) ?? "";
  if (isCertificateCode(code)) return certificateFailure(error, subject);
  const failure = unreachable(error, code, subject);
  const passing = transientCodes.has(code) && (reached || !absentCodes.has(code));
  return passing ? new TransientFailure(failure) : failure;
}

/** True for the codes that Node gives to certificates it does not trust. */
export function isCertificateCode(code: string): boolean {
  return (
    code.startsWith("CERT_") ||
    code.includes("SELF_SIGNED") ||
    code.startsWith("UNABLE_TO_") ||
    code === "ERR_TLS_CERT_ALTNAME_INVALID" ||
    code === "HOSTNAME_MISMATCH" ||
    code === "INVALID_CA"
  );
}

function certificateFailure(error: unknown, subject: Subject): DdiffError {
  return new DdiffError(
    "CERTIFICATE_INVALID",
    `The certificate of ${subject.registry} is not trusted: ${messageOf(error)}`,
    {
      hint: "Pass the authority that signed it with --ca FILE, or --insecure where the network is your own.",
      cause: error,
    },
  );
}

function unreachable(error: unknown, code: string, subject: Subject): DdiffError {
  const reasons: Record<string, string> = {
    ECONNREFUSED: "nothing listens there",
    ENOTFOUND: "there is no such host",
    EAI_AGAIN: "its name cannot be looked up now",
    ECONNRESET: "it closed the connection",
    EPIPE: "it closed the connection",
  };
  const hints: Record<string, string> = {
    ECONNREFUSED: "Check the port and that the registry is running; ddiff server starts one.",
    ENOTFOUND: "Check the spelling of the host, and HTTPS_PROXY if the way out is a proxy.",
    EAI_AGAIN: "Check the network; an offline machine can only reach registries of its own network.",
  };
  const tls = code === "EPROTO" || code.startsWith("ERR_SSL");
  const reason = tls ? "it does not speak TLS there" : (reasons[code] ?? clean(messageOf(error)));
  const hint = tls
    ? "If it is a plain HTTP registry of your own network, pass --insecure."
    : (hints[code] ??
      "Try again; what was transferred so far is not sent twice where the registry keeps it.");
  return new DdiffError("REGISTRY_UNREACHABLE", `${subject.registry} cannot be reached: ${reason}`, {
    hint,
    cause: error,
  });
}

function sentence(answer: Answer, subject: Subject, words: string): DdiffError {
  const { registry, what, who } = subject;
  const said = words === "" ? "" : `: ${words}`;
  const login = `Log in with: docker login ${registry}`;
  switch (answer.status) {
    case 401:
      return who === undefined
        ? new DdiffError("AUTH_REQUIRED", `${registry} asks for a login for ${what}`, { hint: login })
        : new DdiffError("AUTH_REFUSED", `${registry} does not accept ${who} for ${what}${said}`, {
            hint: `${login}. A name that does not exist there is often refused the same way.`,
          });
    case 403:
      return new DdiffError(
        "AUTH_REFUSED",
        `${registry} does not let ${who ?? "anonymous users"} have ${what}${said}`,
        { hint: who === undefined ? login : "Ask the registry's owner for access, or use another account." },
      );
    case 404:
      return notFound(subject, said);
    case 405:
      return new DdiffError("REGISTRY_UNSUPPORTED", `${registry} does not allow this for ${what}${said}`);
    case 413:
      return new DdiffError("REGISTRY_REFUSED", `${registry} takes no request as large as ${what}${said}`, {
        hint: "A proxy before it sets a limit; nginx calls it client_max_body_size.",
      });
    case 429:
      return new DdiffError("RATE_LIMITED", `${registry} gives no more answers for now${said}`, {
        hint: who === undefined ? `${login}; logged-in users have higher limits.` : "Try again later.",
      });
    default:
      return new DdiffError(
        "REGISTRY_REFUSED",
        `${registry} answered ${answer.status} for ${what}${said}`,
        answer.status >= 500 ? { hint: "Look into the registry's log; it is the one that failed." } : {},
      );
  }
}

function notFound(subject: Subject, said: string): DdiffError {
  const { registry, what, missing } = subject;
  if (missing === "image") {
    return new DdiffError("IMAGE_MISSING", `${registry} has no ${what}${said}`, {
      hint: `Check the name and the tag; "ddiff list" shows what a registry holds.`,
    });
  }
  const code = missing === "blob" ? "BLOB_MISSING" : "REGISTRY_REFUSED";
  return new DdiffError(code, `${registry} has no ${what}${said}`);
}

/** The error list of a registry in one line (distribution-spec, "Error Codes"); empty where there is none. */
async function registryWords(answer: Answer): Promise<string> {
  let text = "";
  try {
    for await (const part of answer.body) {
      text += Buffer.from(part as Uint8Array).toString("utf8");
      if (text.length > bodyLimit) break;
    }
    const parsed: unknown = JSON.parse(text);
    const list = (parsed as { errors?: unknown } | null)?.errors;
    if (!Array.isArray(list)) return "";
    return clean(list.map(oneError).filter(Boolean).join("; "));
  } catch {
    return "";
  }
}

function oneError(value: unknown): string {
  if (typeof value !== "object" || value === null) return "";
  const { code, message } = value as { code?: unknown; message?: unknown };
  if (typeof message === "string" && message !== "") return message;
  return typeof code === "string" ? code.toLowerCase().replaceAll("_", " ") : "";
}

/** Without control characters, which could paint the terminal, and not endless. */
function clean(text: string): string {
  const plain = text.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
  return plain.length > wordsLimit ? `${plain.slice(0, wordsLimit)}…` : plain;
}
