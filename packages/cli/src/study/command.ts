import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import {
  analyse,
  chosenMethods,
  defaultCacheFolder,
  renderTable,
  runStudy,
  type StudyEvent,
  type StudyMethod,
  type StudyResults,
} from '@cotangent/experiment'
import { acquireRunLock, ensureOutputFolder, removeLeftovers } from '@cotangent/io'
import { badOption, E, type EdgeError, EdgeFailure, escapeForTerminal, pipe, TE } from '@cotangent/prelude'
import Table from 'cli-table3'
import { Command } from 'commander'
import { endWith, exitCodes } from '../exit.js'
import { engineNamed, engineNames, withEngine } from './engines.js'
import { loadObjective } from './loadObjective.js'
import { showProgress } from './progress.js'
import { readSettings, type SettingOptions } from './readSettings.js'
import { type MetricRow, outputFiles, writeResults } from './writeResults.js'

interface Options extends SettingOptions {
  readonly engine: string
  readonly threads: string
  readonly objective: readonly string[]
  readonly output: string
  readonly cache: string
  readonly debug: boolean
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value]

const threadsOf = (text: string): E.Either<EdgeError, number> =>
  /^\d{1,4}$/.test(text)
    ? E.right(Number(text) === 0 ? availableParallelism() : Number(text))
    : E.left(
        badOption('--threads', {
          must: '--threads must be a whole number; 0 means one per core.',
          received: text,
          todo: 'give a number such as 2',
        }),
      )

const loadAll = (paths: readonly string[]): TE.TaskEither<EdgeError, readonly StudyMethod[]> =>
  TE.sequenceSeqArray(paths.map(loadObjective))

const printTables = (results: StudyResults): void => {
  const analysis = analyse(results)
  for (const { title, head, rows } of renderTable(results, analysis)) {
    const table = new Table({ head: [...head], style: { head: [], border: [] } })
    for (const row of rows) table.push([...row])
    process.stdout.write(`\n${title}\n${table.toString()}\n`)
  }
  process.stdout.write(`\n${analysis.verdict.headline}\n`)
  for (const sentence of analysis.verdict.sentences) process.stdout.write(`  ${sentence}\n`)
}

const study = async (options: Options, controller: AbortController): Promise<void> => {
  process.stderr.write('cotangent study: does BA-LoRA help where pre-training was biased and noisy?\n')
  const progress = showProgress(process.stderr)
  const metrics: MetricRow[] = []
  const listen = (event: StudyEvent): void => {
    if (event._tag === 'Step') metrics.push({ run: event.run, step: event.step, ...event.values })
    progress.listen(event)
  }
  const run = pipe(
    TE.Do,
    TE.bind('threads', () => TE.fromEither(threadsOf(options.threads))),
    TE.bindW('own', () => loadAll(options.objective)),
    TE.bindW('settings', () => readSettings(options)),
    TE.bindW('methods', ({ settings, own }) => TE.fromEither(chosenMethods(settings, own))),
    TE.bindW('startEngine', () => TE.fromEither(engineNamed(options.engine))),
    TE.flatMap(({ methods, settings, startEngine, threads }) =>
      withEngine(startEngine({ threads }), ({ engine, runsOn }) =>
        pipe(
          TE.Do,
          TE.bind('folder', () => ensureOutputFolder(options.output, { reuse: true, bytes: 20_000_000 })),
          TE.bindW('cache', () =>
            ensureOutputFolder(options.cache, { reuse: true, bytes: 50_000_000, option: '--cache' }),
          ),
          TE.bindW('lock', ({ folder }) => acquireRunLock(folder)),
          TE.flatMap(({ folder, cache, lock }) => async () => {
            try {
              await removeLeftovers(folder)()
              if (lock.takenOver !== undefined) listen({ _tag: 'Note', text: lock.takenOver })
              listen({ _tag: 'Note', text: `engine ${engine.name}: ${runsOn}` })
              const { signal } = controller
              const found = await runStudy({ settings, methods, engine, runsOn, threads, cache, listen, signal })()
              if (E.isLeft(found)) return found
              const written = await writeResults(folder, found.right, metrics)()
              return E.isLeft(written) ? written : E.right({ results: found.right, folder })
            } finally {
              lock.release()
            }
          }),
        ),
      ),
    ),
  )
  try {
    const ended = await run()
    progress.stop()
    if (E.isLeft(ended)) return endWith(ended.left, options.debug)
    printTables(ended.right.results)
    const report = join(ended.right.folder, outputFiles.report)
    process.stdout.write(`\nreport   ${escapeForTerminal(report, 500)}\n`)
    process.stdout.write(`results  ${escapeForTerminal(join(ended.right.folder, outputFiles.results), 500)}\n`)
  } catch (error) {
    progress.stop()
    if (error instanceof EdgeFailure) return endWith(error.error, options.debug) // a device that went away
    if (!controller.signal.aborted) throw error
    process.stderr.write('stopped; nothing was written\n')
  }
}

/** The first signal ends the study after the step under way, the second at once. */
const onSignals = (controller: AbortController): (() => void) => {
  const handlers = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => {
    const handler = (): void => {
      const code = signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated
      if (controller.signal.aborted) process.exit(code)
      process.exitCode = code
      process.stderr.write('\nstopping after this step (once more: at once)\n')
      controller.abort(new Error('stopped by a signal'))
    }
    process.on(signal, handler)
    return [signal, handler] as const
  })
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler)
  }
}

/** `cotangent study`: pre-trains with known faults, fine-tunes with each method, compares, reports. */
export const studyCommand = (): Command =>
  new Command('study')
    .description('Pre-train on real mail with known faults, fine-tune with each method, compare and report')
    .option('--quick', 'a look at the whole road in about a minute; its figures decide nothing')
    .option('--full', 'three pre-trained models of each kind, faulty and clean')
    .option(
      '--engine <name>',
      `what runs the programs: ${engineNames.join(', ')} (auto: a graphics card if there is one, else onnx)`,
      'onnx',
    )
    .option('--threads <n>', 'threads of the engine onnx; 0 is one per core', '0')
    .option('--seed <n>', 'decides every random number')
    .option('--seeds <n>', 'fine-tuning seeds')
    .option('--methods <names>', 'methods to compare, with commas between')
    .option('--objective <module>', 'your own objective, as one more method (may be repeated)', collect, [])
    .option('--noise <rate>', 'share of wrong labels in pre-training')
    .option('--imbalance <ratio>', 'largest over smallest class in pre-training')
    .option('--rank <r>', 'rank of the adapters')
    .option('--config <file>', 'settings as YAML')
    .option('--set <path=value>', 'one setting, as in fineTuning.epochs=4 (may be repeated)', collect, [])
    .option('--output <folder>', 'where the report and the results go', 'cotangent-study')
    .option('--cache <folder>', 'where prepared mails and pre-trained models are kept', defaultCacheFolder())
    .option('--debug', 'show the stack of an internal error', false)
    .action(async (options: Options) => {
      const controller = new AbortController()
      const release = onSignals(controller)
      try {
        await study(options, controller)
      } finally {
        release()
      }
    })
