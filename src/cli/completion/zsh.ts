import type { ArgumentSpec, Command, Completion, OptionSpec, OptionSpecs } from "../command.ts";
import { globalOptions } from "../globals.ts";
import { transports } from "./words.ts";

/** A zsh completion function, for a file `_ddiff` in a folder of $fpath. */
export function zshCompletion(commands: readonly Command[]): string {
  const names = commands.map((one) => `    ${quote(`${one.name}:${one.summary}`)}`);
  return `#compdef ddiff
# zsh completion for ddiff, made by "ddiff completion zsh"
_ddiff_commands() {
  local -a commands=(
${names.join("\n")}
  )
  _describe command commands
}
_ddiff_places() {
  if compset -P '(oci|oci-archive|docker-archive|dir):'; then _files
  else _alternative 'transports:transport:compadd -S "" -- ${transports.join(" ")}' 'files:file:_files'; fi
}
_ddiff() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C \\
${optionLines(globalOptions).join("")}    '(- *)'{-h,--help}'[print this help]' \\
    '(- *)'{-V,--version}'[print the version]' \\
    '1:command:_ddiff_commands' \\
    '*::argument:->arguments' && return
  [[ $state == arguments ]] || return
  case $words[1] in
${commands.map(commandCase).join("")}  esac
}
if [[ $funcstack[1] == _ddiff ]]; then _ddiff "$@"; else compdef _ddiff ddiff; fi
`;
}

function commandCase(command: Command): string {
  const options = command.passThrough === true ? command.options : { ...command.options, ...globalOptions };
  const lines = [...optionLines(options), ...command.arguments.map(argumentLine)];
  return `    ${command.name}) _arguments -S \\
${lines.join("")}      '(- *)'{-h,--help}'[print this help]' ;;
`;
}

function optionLines(options: OptionSpecs): string[] {
  return Object.entries(options).map(([name, spec]) => {
    const many = spec.many === true ? "*" : "";
    const explained = `[${spec.help.replace(/[[\]\\:]/g, "\\$&")}]${valuePart(spec)}`;
    if (spec.short === undefined) return `    ${quote(`${many}--${name}${explained}`)} \\\n`;
    return `    ${many === "" ? quote(`(-${spec.short} --${name})`) : "'*'"}{-${spec.short},--${name}}${quote(explained)} \\\n`;
  });
}

function valuePart(spec: OptionSpec): string {
  if (spec.value === undefined) return "";
  return `:${spec.value}:${spec.choices === undefined ? action(spec.complete) : `(${spec.choices.join(" ")})`}`;
}

function argumentLine(one: ArgumentSpec, at: number): string {
  const position = one.many === true ? "*" : String(at + 1);
  const what = one.choices === undefined ? action(one.complete) : `(${one.choices.join(" ")})`;
  return `    ${quote(`${position}:${one.name}:${what}`)} \\\n`;
}

function action(complete: Completion | undefined): string {
  switch (complete) {
    case "file":
      return "_files";
    case "directory":
      return "_files -/";
    case "bundle":
      return '_files -g "*.(ddiff|ddiff.[0-9]##|tar.gz)(-.)"';
    case "place":
      return "_ddiff_places";
    case "command":
      return "_ddiff_commands";
    default:
      return " ";
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
