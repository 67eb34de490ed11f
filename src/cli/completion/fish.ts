import type { Command, Completion, OptionSpecs } from "../command.ts";
import { globalOptions } from "../globals.ts";
import { transports } from "./words.ts";

/** A fish completion script. */
export function fishCompletion(commands: readonly Command[]): string {
  const lines = ['# fish completion for ddiff, made by "ddiff completion fish"', "complete -c ddiff -f"];
  for (const command of commands) {
    lines.push(`complete -c ddiff -n __fish_use_subcommand -a ${command.name} -d ${quote(command.summary)}`);
  }
  lines.push(
    ...optionLines("__fish_use_subcommand", {
      ...globalOptions,
      version: { short: "V", help: "print the version" },
    }),
  );
  lines.push("complete -c ddiff -s h -l help -d 'print this help'");
  for (const command of commands) {
    const here = `__fish_seen_subcommand_from ${command.name}`;
    const options = command.passThrough === true ? command.options : { ...command.options, ...globalOptions };
    lines.push(...optionLines(here, options));
    for (const one of command.arguments) {
      const words =
        one.choices?.join(" ") ??
        (one.complete === "command" ? commands.map((other) => other.name).join(" ") : undefined);
      if (words !== undefined) lines.push(`complete -c ddiff -n '${here}' -a ${quote(words)}`);
      else lines.push(`complete -c ddiff -n '${here}' ${action(one.complete)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function optionLines(condition: string, options: OptionSpecs): string[] {
  return Object.entries(options).map(([name, spec]) => {
    const short = spec.short === undefined ? "" : ` -s ${spec.short}`;
    const value =
      spec.value === undefined
        ? ""
        : ` -r ${spec.choices === undefined ? action(spec.complete) : `-a ${quote(spec.choices.join(" "))}`}`;
    return `complete -c ddiff -n '${condition}'${short} -l ${name}${value} -d ${quote(spec.help)}`;
  });
}

function action(complete: Completion | undefined): string {
  switch (complete) {
    case "file":
      return "-F";
    case "bundle":
      return "-k -a '(__fish_complete_suffix .ddiff)'";
    case "directory":
      return "-a '(__fish_complete_directories)'";
    case "place":
      return `-F -a ${quote(transports.join(" "))}`;
    default:
      return "-f";
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
