import type { Target, TargetName } from "./answers.ts";
import { ci } from "./targets/ci.ts";
import { compose } from "./targets/compose.ts";
import { devcontainer } from "./targets/devcontainer.ts";
import { dockerfile } from "./targets/dockerfile.ts";
import { ignore } from "./targets/ignore.ts";
import { kubernetes } from "./targets/kubernetes.ts";

/** What writes each target. */
export const targets: Readonly<Record<TargetName, Target>> = {
  dockerfile,
  compose,
  ignore,
  kubernetes,
  ci,
  devcontainer,
};
