import type { Rule } from "./rule.ts";

/** Every rule, in the order of their names. A rule is a file of rules/ and two lines here. */
export const rules: readonly Rule[] = [
];
