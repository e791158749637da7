import { join } from 'node:path'
import { renderCsv, renderReport, type StudyResults } from '@cotangent/experiment'
import { jsonLine, writeFileAtomic } from '@cotangent/io'
import { type EdgeError, pipe, TE } from '@cotangent/prelude'

/** One line of metrics.jsonl: the terms of the loss at one step of one run. */
export interface MetricRow {
  readonly run: string
  readonly step: number
  readonly [term: string]: string | number
}

/** Files that a study writes, in the order they are written: the report last. */
export const outputFiles = {
  metrics: 'metrics.jsonl',
  results: 'results.json',
  table: 'table.csv',
  report: 'report.html',
}

/** Writes what a study found; each file is there as a whole or not at all. */
export const writeResults = (
  folder: string,
  results: StudyResults,
  metrics: readonly MetricRow[],
): TE.TaskEither<EdgeError, void> =>
  pipe(
    writeFileAtomic(join(folder, outputFiles.metrics), metrics.map(jsonLine).join('')),
    TE.flatMap(() => writeFileAtomic(join(folder, outputFiles.results), `${JSON.stringify(results)}\n`)),
    TE.flatMap(() => writeFileAtomic(join(folder, outputFiles.table), renderCsv(results))),
    TE.flatMap(() => writeFileAtomic(join(folder, outputFiles.report), renderReport(results))),
    TE.map(() => undefined),
  )
