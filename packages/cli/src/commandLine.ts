import { version } from '@cotangent/core'
import { escapeLines } from '@cotangent/prelude'
import { Command, CommanderError } from 'commander'
import { exitCodes } from './exit.js'
import { reportCommand } from './report.js'
import { studyCommand } from './study/command.js'

const program = (): Command =>
  new Command('cotangent')
    .description('Fine-tuning with BA-LoRA, compared fairly and reported honestly')
    .version(version)
    .showSuggestionAfterError()
    .allowExcessArguments(false)
    .addCommand(studyCommand())
    .addCommand(reportCommand())

/** Every command throws instead of leaving the process, so that nothing is cut off while it is written. */
const withoutExit = (command: Command): Command => {
  command.exitOverride()
  command.configureOutput({ writeErr: (text) => process.stderr.write(escapeLines(text.trimEnd()).concat('\n')) })
  for (const inner of command.commands) withoutExit(inner)
  return command
}

/** An option given twice says two things; the last one would win in silence. */
const repeated = (args: readonly string[]): string | undefined => {
  const names = args.flatMap((arg) => (arg.startsWith('--') ? [arg.split('=')[0] ?? arg] : []))
  return names.find((name, i) => name !== '--set' && name !== '--objective' && names.indexOf(name) < i)
}

/**
 * Parses and runs a command line; sets the process' exit code.
 *
 * @param args without the interpreter and the script
 */
export const runCommandLine = async (args: readonly string[]): Promise<void> => {
  // `cotangent study | head` ends quietly
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  const twice = repeated(args)
  if (twice !== undefined) {
    process.stderr.write(
      `${escapeLines(`${twice}: an option may be given once.\n  received  it twice\n  to do     keep one of them`)}\n`,
    )
    process.exitCode = exitCodes.badInput
    return
  }
  try {
    await withoutExit(program()).parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // help and version come as errors too, with 0; what commander refuses it has said already
    if (error.exitCode !== 0) process.exitCode = exitCodes.badInput
  }
}
