import { budgetJsonSchema } from "../inspect/budget/config-schema.ts";
import { lintJsonSchema } from "../lint/config-schema.ts";

/** The schema of `.ddiff.yaml` for editors: the parts of all commands together. */
export function configFileJsonSchema(): unknown {
  const parts = [lintJsonSchema(), budgetJsonSchema()] as { properties: object }[];
  return {
    ...parts[0],
    title: "Configuration of ddiff: .ddiff.yaml",
    properties: Object.assign({}, ...parts.map(({ properties }) => properties)),
  };
}
