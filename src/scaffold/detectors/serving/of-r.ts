import type { Found, ProjectFiles, Serving } from "../../project.ts";
import { baseOf } from "../reading/base.ts";

/** The service of a project of R: plumber's API or Shiny's application. */
export function ofR(files: ProjectFiles): Found<Serving> | undefined {
  const base = baseOf(files);
  const plumber = ["plumber.R", "api.R"].map((one) => base + one).find((one) => files.has(one));
  const shiny = ["app.R", "server.R"].map((one) => base + one).find((one) => files.has(one));
  const file = plumber ?? shiny;
  if (file === undefined) return undefined;
  const says = plumber === undefined ? "is an application of Shiny" : "is an API of plumber";
  return {
    value: { kind: "other", target: file, port: plumber === undefined ? 3838 : 8000, health: undefined },
    because: [{ file, says }],
  };
}
