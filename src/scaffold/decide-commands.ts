import type { Choices } from "./choices.ts";
import { asked } from "./decide-reasons.ts";
import { evidence, sentence } from "./evidence.ts";
import type { EntryPoint, Project } from "./project.ts";
import { healthOf, onPort, portIn, serveCommand } from "./serve-command.ts";

/** What runs in the images, and half sentences that say why. */
export interface Commands {
  readonly train: readonly string[] | undefined;
  readonly serve: readonly string[] | undefined;
  /** Undefined where nothing serves. */
  readonly port: number | undefined;
  /** A path that answers when the service is well, where one is known. */
  readonly health: string | undefined;
  readonly because: { readonly train: string; readonly serve: string };
}

/** What trains and what answers requests: what was asked for, else what was found. */
export function decideCommands(project: Project, choices: Choices): Commands {
  const byPurpose = (purpose: EntryPoint["purpose"]) =>
    project.entryPoints.find((one) => one.purpose === purpose);
  const serving = project.serving;
  const serve = byPurpose("serve");
  const served = choices.serve ?? serve?.command ?? (serving && serveCommand(serving.value));
  const serveWords =
    served === undefined || choices.port === undefined ? served : onPort(served, choices.port);
  // A project that neither trains nor serves runs its one program as a job.
  const train =
    byPurpose("train") ??
    (serveWords === undefined ? (byPurpose("main") ?? byPurpose("evaluate")) : undefined);
  const own = choices.serve === undefined ? serving?.value.health : undefined;
  return {
    train: choices.train ?? train?.command,
    serve: serveWords,
    port: serveWords && (choices.port ?? portIn(serveWords) ?? serving?.value.port ?? 8000),
    health: serveWords && (own ?? healthOf(serveWords) ?? serving?.value.health),
    because: {
      train:
        choices.train === undefined
          ? train === undefined
            ? "no training was found"
            : sentence(train.from)
          : asked,
      serve:
        choices.serve !== undefined
          ? asked
          : serve !== undefined
            ? sentence(serve.from)
            : serving === undefined
              ? "nothing that answers requests was found"
              : evidence(serving),
    },
  };
}
