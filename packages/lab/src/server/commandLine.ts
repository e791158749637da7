import { version } from '@cotangent/core'
import { defaultCacheFolder } from '@cotangent/experiment'
import { type BadOption, badOption, E, type EdgeError, escapeLines, exitCodeOf, pipe, TE } from '@cotangent/prelude'
import { Command, CommanderError } from 'commander'
import { startLab } from './startLab.js'

const defaultPort = 4280

const portOf = (text: string): E.Either<BadOption, number> =>
  /^\d{1,5}$/.test(text) && Number(text) < 65_536
    ? E.right(Number(text))
    : E.left(
        badOption('--port', {
          must: '--port must be a whole number from 0 to 65535.',
          received: JSON.stringify(text),
          todo: `give a number such as ${defaultPort}, or 0 for any that is free`,
        }),
      )

const endWith = (error: EdgeError): void => {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = exitCodeOf(error)
}

const serve = async ({ port, cache }: { readonly port: string; readonly cache: string }): Promise<void> => {
  const started = await pipe(
    TE.fromEither<EdgeError, number>(portOf(port)),
    TE.flatMap((number) =>
      startLab({ port: number, cache, tell: (text) => process.stderr.write(`cotangent lab: ${text}\n`) }),
    ),
  )()
  if (E.isLeft(started)) endWith(started.left)
  else process.stdout.write(`${started.right.url}\nOpen it in a browser; Ctrl-C ends the server.\n`)
}

/**
 * Parses a command line and starts the lab; sets the process' exit code where it does not start.
 *
 * @param args without the interpreter and the script
 */
export const runCommandLine = async (args: readonly string[]): Promise<void> => {
  const command = new Command('lab')
    .description('Serve a page where the fine-tuning of the study runs in the browser')
    .version(version)
    .showSuggestionAfterError()
    .allowExcessArguments(false)
    .option('--port <n>', 'port of this machine; 0 for any that is free', String(defaultPort))
    .option('--cache <folder>', 'where prepared mails and the pre-trained model are kept', defaultCacheFolder())
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(escapeLines(text.trimEnd()).concat('\n')) })
    .action(serve)
  try {
    await command.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // help and version come as errors too, with 0; what commander refuses it has said already
    if (error.exitCode !== 0) process.exitCode = 2
  }
}
