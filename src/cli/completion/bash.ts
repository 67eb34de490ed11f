import type { Command, Completion, OptionSpecs } from "../command.ts";
import { globalOptions } from "../globals.ts";
import { optionWords, transports, valueOptions } from "./words.ts";

/** A bash completion script. It needs no bash-completion package, and treats `oci:x` as the one word it is. */
export function bashCompletion(commands: readonly Command[]): string {
  return `# bash completion for ddiff, made by "ddiff completion bash"
_ddiff_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$1")
}
_ddiff_bundles() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -d -- "$1"; compgen -f -X '!*.@(ddiff|ddiff.[0-9][0-9][0-9]|tar.gz)' -- "$1")
}
_ddiff_words() {
  mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1")
}
_ddiff_places() {
  # Bash cuts words at colons, so what stands before the last one is not typed again.
  local head=\${1%"\${1##*:}"}
  case $1 in
    oci:*|oci-archive:*|docker-archive:*|dir:*)
      mapfile -t COMPREPLY < <(compgen -f -- "\${1#*:}")
      compopt -o filenames 2>/dev/null ;;
    *:*) COMPREPLY=() ;;
    *)
      compopt -o nospace 2>/dev/null
      _ddiff_words "$1" "${transports.join(" ")}"
      [ \${#COMPREPLY[@]} -gt 0 ] || _ddiff_files "$1" ;;
  esac
  : "$head"
}
_ddiff() {
  shopt -q extglob || { shopt -s extglob; local unset_extglob=1; }
  local cur prev word cmd="" at count=0 expect=""
  # The words of the line as they were typed, not cut at "=" and ":".
  local line=\${COMP_LINE:0:COMP_POINT}
  local -a words
  read -ra words <<<"$line"
  case $line in *[[:space:]]) words+=("") ;; esac
  cur=\${words[\${#words[@]}-1]}
  COMPREPLY=()
  for ((at = 1; at < \${#words[@]} - 1; at++)); do
    word=\${words[at]}
    if [ -n "$expect" ]; then expect=""; continue; fi
    if [ -z "$cmd" ]; then
      case $word in
        ${valueOptions(globalOptions).join("|")}) expect=1 ;;
        -*) ;;
        *) cmd=$word ;;
      esac
      continue
    fi
    case "$cmd $word" in
${commands.map((command) => expectCases(command)).join("")}      *" -"*) ;;
      *) count=$((count + 1)) ;;
    esac
  done
  prev=\${words[\${#words[@]}-2]}
  case "$cmd" in
    "") case $prev in
${valueCases("", globalOptions)}        *)
          if [[ $cur == -* ]]; then _ddiff_words "$cur" "${[...optionWords(globalOptions), "--help", "--version"].join(" ")}"
          else _ddiff_words "$cur" "${commands.map((one) => one.name).join(" ")}"; fi ;;
      esac ;;
${commands.map((command) => commandCase(command, commands)).join("")}  esac
  [ -z "\${unset_extglob-}" ] || shopt -u extglob
}
complete -F _ddiff ddiff
`;
}

function optionsOf(command: Command): OptionSpecs {
  return command.passThrough === true ? command.options : { ...command.options, ...globalOptions };
}

function expectCases(command: Command): string {
  const options = valueOptions(optionsOf(command));
  if (options.length === 0) return "";
  return `      ${options.map((one) => `"${command.name} ${one}"`).join("|")}) expect=1 ;;\n`;
}

function commandCase(command: Command, commands: readonly Command[]): string {
  const options = optionsOf(command);
  const words = [...optionWords(options), "--help"].join(" ");
  return `    ${command.name}) case $prev in
${valueCases(command.name, options)}        *)
          if [[ $cur == -* ]]; then _ddiff_words "$cur" "${words}"
          else ${argumentAction(command, commands)}; fi ;;
      esac ;;
`;
}

function valueCases(_command: string, options: OptionSpecs): string {
  return Object.entries(options)
    .filter(([, spec]) => spec.value !== undefined)
    .map(([name, spec]) => {
      const names = spec.short === undefined ? `--${name}` : `-${spec.short}|--${name}`;
      const act =
        spec.choices === undefined
          ? action(spec.complete)
          : `_ddiff_words "$cur" "${spec.choices.join(" ")}"`;
      return `        ${names}) ${act} ;;\n`;
    })
    .join("");
}

function argumentAction(command: Command, commands: readonly Command[]): string {
  const cases = command.arguments.map((one, at) => {
    const pattern = one.many === true ? "*" : String(at);
    if (one.choices !== undefined) return `${pattern}) _ddiff_words "$cur" "${one.choices.join(" ")}" ;;`;
    if (one.complete === "command") {
      return `${pattern}) _ddiff_words "$cur" "${commands.map((other) => other.name).join(" ")}" ;;`;
    }
    return `${pattern}) ${action(one.complete)} ;;`;
  });
  return cases.length === 0 ? ":" : `case $count in ${cases.join(" ")} esac`;
}

function action(complete: Completion | undefined): string {
  switch (complete) {
    case "file":
      return '_ddiff_files "$cur"';
    case "directory":
      return 'compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur")';
    case "bundle":
      return '_ddiff_bundles "$cur"';
    case "place":
      return '_ddiff_places "$cur"';
    default:
      return ":";
  }
}
