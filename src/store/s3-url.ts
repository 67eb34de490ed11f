import { DdiffError } from "../util/errors.ts";

/** Where in which service a store lies. */
export interface S3Location {
  bucket: string;
  /** Before every key: empty, or with `/` at its end. */
  prefix: string;
  /** Of a service other than Amazon's: `http://host:port`. */
  endpoint: string | undefined;
  region: string | undefined;
  /** `http://host/bucket/key` in place of `http://bucket.host/key`. */
  pathStyle: boolean;
}

const form = "s3://BUCKET/PREFIX?endpoint=http://HOST:PORT&region=REGION&path-style=true";

/**
 * Reads `s3://bucket/prefix?endpoint=…&region=…&path-style=true`; what it does not say comes from `AWS_ENDPOINT_URL_S3`,
 * `AWS_ENDPOINT_URL`, `AWS_REGION` and `AWS_DEFAULT_REGION`. With an endpoint of its own, path style and the region `us-east-1`
 * are taken unless others are named. Throws `STORE_URL_INVALID`.
 */
export function parseS3Url(text: string, env: Readonly<Record<string, string | undefined>>): S3Location {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "s3:") throw invalid(`"${text}" is no address of an S3 store`);
  if (url.username !== "" || url.password !== "") {
    throw invalid(
      "An S3 store's address must not hold credentials",
      "Give them as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    );
  }
  const bucket = url.hostname;
  if (url.port !== "" || !/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(bucket)) {
    throw invalid(
      `"${url.host}" is no bucket's name`,
      "Name the service by endpoint=, the bucket after s3://: " + form,
    );
  }
  const prefix = url.pathname.replace(/^\/+|\/+$/g, "");
  if (!/^(?:[A-Za-z0-9!_.*'()=+~-]+(?:\/[A-Za-z0-9!_.*'()=+~-]+)*)?$/.test(prefix) || hasDots(prefix)) {
    throw invalid(
      `"${prefix}" cannot stand before the keys of an S3 store`,
      "Use letters, digits, - _ . and /",
    );
  }
  for (const name of url.searchParams.keys()) {
    if (!["endpoint", "region", "path-style"].includes(name)) {
      throw invalid(`An S3 store has no setting "${name}"`);
    }
  }
  const endpoint = url.searchParams.get("endpoint") ?? env["AWS_ENDPOINT_URL_S3"] ?? env["AWS_ENDPOINT_URL"];
  if (endpoint !== undefined && !isHttp(endpoint)) {
    throw invalid(
      "The endpoint is no address of an S3 service",
      "Write endpoint=http://HOST:PORT or https://HOST, without credentials",
    );
  }
  const region = url.searchParams.get("region") ?? env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"];
  const style = url.searchParams.get("path-style");
  if (style !== null && style !== "true" && style !== "false") {
    throw invalid(`path-style cannot be "${style}"`, "Write path-style=true or path-style=false");
  }
  return {
    bucket,
    prefix: prefix === "" ? "" : `${prefix}/`,
    endpoint,
    region: region ?? (endpoint === undefined ? undefined : "us-east-1"),
    pathStyle: style === null ? endpoint !== undefined : style === "true",
  };
}

function hasDots(prefix: string): boolean {
  return prefix.split("/").some((segment) => segment === "." || segment === "..");
}

function isHttp(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === "http:" || protocol === "https:") && username === "" && password === "";
}

function invalid(message: string, hint = `Write it as ${form}`): DdiffError {
  return new DdiffError("STORE_URL_INVALID", `${message}.`, { hint: `${hint}.`, exitStatus: 2 });
}
