import { readResults, renderReport } from '@cotangent/experiment'
import { readText, writeFileAtomic } from '@cotangent/io'
import { E, pipe, TE } from '@cotangent/prelude'
import { Command } from 'commander'
import { endWith } from './exit.js'

/** `cotangent report`: makes the HTML report again from a results.json. */
export const reportCommand = (): Command =>
  new Command('report')
    .description('Make the HTML report again from a results.json')
    .argument('<results>', 'a results.json written by a study')
    .argument('[html]', 'where to write the report', 'report.html')
    .action(async (results: string, html: string) => {
      const written = await pipe(
        readText(results),
        TE.flatMapEither((text) => readResults(text, results)),
        TE.flatMap((found) => writeFileAtomic(html, renderReport(found))),
      )()
      if (E.isLeft(written)) endWith(written.left, false)
      else process.stdout.write(`report  ${html}\n`)
    })
