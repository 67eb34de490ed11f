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
