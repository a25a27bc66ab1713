import { Argument, Command } from 'commander';
import { formatExamples } from './examples.ts';

/** Asks `berth __complete` about the words so far; without an answer files are proposed. */
const scripts: Readonly<Record<string, string>> = {
  bash: `# bash completion of berth; load it with: source <(berth completion bash)
_berth() {
  local word="\${COMP_WORDS[COMP_CWORD]}" line="\${COMP_LINE:0:COMP_POINT}" words
  read -r -a words <<< "$line"
  [[ $line == *" " ]] && words+=("")
  word="\${words[-1]}"
  mapfile -t COMPREPLY < <("\${words[0]}" __complete "\${words[@]:1}" 2> /dev/null)
  # bash takes a word to end at = and at :, and wants what comes after
  local head="\${word%"\${word##*[=:]}"}"
  COMPREPLY=("\${COMPREPLY[@]#"$head"}")
  [[ \${COMPREPLY[0]:-} == *[=/] ]] && compopt -o nospace
  return 0
}
complete -o default -F _berth berth ./berth
`,
  zsh: `#compdef berth
# zsh completion of berth; load it with: source <(berth completion zsh)
_berth() {
  local -a found
  found=("\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2> /dev/null)}")
  if [[ -n "\${found[*]}" ]]; then compadd -Q -a found; else _files; fi
}
compdef _berth berth
`,
  fish: `# fish completion of berth; load it with: berth completion fish | source
function __berth_complete
    set -l words (commandline -opc)
    set -l last (commandline -ct)
    $words[1] __complete $words[2..-1] "$last" 2> /dev/null
end
complete -c berth -a '(__berth_complete)'
`,
};

const hints = `
To have it in every shell:
  bash  echo 'source <(berth completion bash)' >> ~/.bashrc
  zsh   echo 'source <(berth completion zsh)' >> ~/.zshrc    (after compinit)
  fish  berth completion fish > ~/.config/fish/completions/berth.fish`;

/** `berth completion bash|zsh|fish`: a script for the shell, which asks berth itself. */
export function completionCommand(): Command {
  return new Command('completion')
    .description('Print what makes the shell complete commands, flags and names')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(scripts)))
    .addHelpText('after', `${hints}\n${formatExamples(['berth completion bash', 'source <(berth completion bash)'])}`)
    .action((shell: string) => void process.stdout.write(scripts[shell] ?? ''));
}
