import type { BasePlan } from "./plan.ts";

/** Names of the labels that tell what a base holds, so that bases are found without looking into images. */
export const labelNames = {
  /** The form of the others. */
  form: "vnd.ddiff.shared-base",
  cuda: "vnd.ddiff.shared-base.cuda",
  python: "vnd.ddiff.shared-base.python",
  torch: "vnd.ddiff.shared-base.torch",
  capabilities: "vnd.ddiff.shared-base.capabilities",
} as const;

/** The versions that a label says, `2.5.1+cu124 2.6.0+cu124`; none where it says anything else: whoever makes an image writes its labels. */
export function versionsIn(label: string): string[] {
  const words = label.split(" ").filter(Boolean);
  return words.length <= mostVersions && words.every((word) => version.test(word)) ? words : [];
}

const version = /^\d{1,4}(?:\.\d{1,4}){1,3}(?:\+[a-z0-9.]{1,20})?$/;
/** A definition has room for fewer. */
const mostVersions = 50;

/** The labels of a base. */
export function labelsOf({ definition, image, pythons, torches }: BasePlan): Record<string, string> {
  const { name, cuda, capabilities } = definition;
  return {
    "org.opencontainers.image.title": name.split("/").at(-1) ?? name,
    "org.opencontainers.image.base.name": image,
    [labelNames.form]: "1",
    [labelNames.cuda]: cuda,
    [labelNames.python]: pythons.map(({ version }) => version).join(" "),
    [labelNames.torch]: torches
      .map((one) => `${one.version}+${one.cuda === undefined ? "cpu" : `cu${one.cuda.replace(".", "")}`}`)
      .join(" "),
    ...(capabilities.length === 0 ? {} : { [labelNames.capabilities]: capabilities.join(" ") }),
  };
}
