/** What every generated image has in common: the Dockerfile makes it so, compose and Kubernetes rely on it. */

/** The user and its group, by number: Kubernetes can only check numbers, and 1000 is taken in Ubuntu's images since 24.04. */
export const userId = 10001;

/** Where the program lies; its commands run here. */
export const appFolder = "/app";

/** Writable: caches of Hugging Face, torch, matplotlib and the like, and TensorRT engines. A volume, as the root is read-only. */
export const cacheFolder = "/cache";

/** Writable: what training leaves. A volume. */
export const outputFolder = "/app/outputs";

/** A token of the Hugging Face Hub, where one is needed: a secret. */
export const tokenPath = "/run/secrets/hf_token";

/** The names and keys for services that training reports to, where one is needed: a secret. */
export const netrcPath = "/run/secrets/netrc";

/** Weights; read-only, unless they are downloaded at start. */
export function weightsPath(weightFolder: string | undefined): string {
  return `${appFolder}/${weightFolder ?? "models"}`;
}
