import type { Command } from "./command.ts";
import { analyze } from "./commands/analyze.ts";
import { base } from "./commands/base.ts";
import { budget } from "./commands/budget.ts";
import { build } from "./commands/build.ts";
import { cache } from "./commands/cache.ts";
import { catalog } from "./commands/catalog.ts";
import { check } from "./commands/check.ts";
import { compare } from "./commands/compare.ts";
import { completionCommand } from "./commands/completion.ts";
import { copy } from "./commands/copy.ts";
import { remove } from "./commands/delete.ts";
import { diff } from "./commands/diff.ts";
import { du } from "./commands/du.ts";
import { fix } from "./commands/fix.ts";
import { have } from "./commands/have.ts";
import { helpCommand } from "./commands/help.ts";
import { init } from "./commands/init.ts";
import { link } from "./commands/link.ts";
import { lint } from "./commands/lint.ts";
import { list } from "./commands/list.ts";
import { load } from "./commands/load.ts";
import { lsp } from "./commands/lsp.ts";
import { pull } from "./commands/pull.ts";
import { push } from "./commands/push.ts";
import { rebase } from "./commands/rebase.ts";
import { server } from "./commands/server.ts";
import { show } from "./commands/show.ts";
import { slim } from "./commands/slim.ts";
import { unlink } from "./commands/unlink.ts";
import { variants } from "./commands/variants.ts";
import { version } from "./commands/version.ts";

/** Every command, in the order in which help lists them. */
export const commands: readonly Command[] = [
  diff,
  load,
  show,
  have,
  build,
  push,
  pull,
  copy,
  list,
  remove,
  server,
  analyze,
  compare,
  budget,
  du,
  slim,
  rebase,
  check,
  base,
  link,
  unlink,
  init,
  variants,
  lint,
  fix,
  lsp,
  catalog,
  cache,
  completionCommand(() => commands),
  helpCommand(() => commands),
  version,
];
