import { type BadInput, badInput, decode, E, type FieldFault, parseJson, pipe } from '@cotangent/prelude'
import { type MethodResult, type StudyResults, studyResults } from './results.js'

const fault = (path: string, expected: string, received: string): FieldFault => ({ path, expected, received })

const lengthFaults = (path: string, list: readonly unknown[], rows: number): readonly FieldFault[] =>
  list.length === rows ? [] : [fault(path, `a list of ${rows}, one for each row`, `a list of ${list.length}`)]

const rangeFaults = (path: string, list: readonly number[], count: number, what: string): readonly FieldFault[] => {
  const bad = list.findIndex((value) => value >= count)
  return bad < 0 ? [] : [fault(`${path}[${bad}]`, `the number of one of ${count} ${what}`, String(list[bad]))]
}

const methodFaults = (path: string, method: MethodResult, results: StudyResults): readonly FieldFault[] => {
  const mails = results.test.truth.length
  const runs = method.runs.flatMap((run, i) => {
    const at = `${path}.runs[${i}]`
    return [
      ...lengthFaults(`${at}.predicted`, run.predicted, mails),
      ...rangeFaults(`${at}.predicted`, run.predicted, results.classes.length, 'classes'),
      ...(run.pretraining === null
        ? []
        : rangeFaults(`${at}.pretraining`, [run.pretraining], results.pretrainings.length, 'pre-trainings')),
      ...run.curves.flatMap((curve, j) => lengthFaults(`${at}.curves[${j}].values`, curve.values, curve.steps.length)),
    ]
  })
  const { hidden } = method
  if (hidden === null) return runs
  const width = hidden.features[0]?.length ?? 0
  return [
    ...runs,
    ...lengthFaults(`${path}.hidden.features`, hidden.features, hidden.group.length),
    ...rangeFaults(`${path}.hidden.group`, hidden.group, results.groups.length, 'groups'),
    ...hidden.features.flatMap((row, i) => lengthFaults(`${path}.hidden.features[${i}]`, row, width)),
  ]
}

const repeatedNames = (results: StudyResults): readonly FieldFault[] => {
  const names = [...results.methods, ...results.controls].map(({ name }) => name)
  const repeated = names.find((name, i) => names.indexOf(name) !== i)
  return repeated === undefined ? [] : [fault('methods', 'each name only once', JSON.stringify(repeated))]
}

const knownName = (path: string, name: string | null, results: StudyResults): readonly FieldFault[] =>
  name === null || results.methods.some((method) => method.name === name)
    ? []
    : [fault(path, `one of ${results.methods.map((method) => method.name).join(', ')}`, JSON.stringify(name))]

const nothingMeasured = ({ test, methods }: StudyResults): readonly FieldFault[] => [
  ...(test.truth.length === 0 ? [fault('test.truth', 'at least one test mail', 'an empty list')] : []),
  ...(methods.some(({ runs }) => runs.length > 0) ? [] : [fault('methods', 'at least one method with a run', 'none')]),
]

/** What in these results does not fit together; each entry has its place. */
export const resultFaults = (results: StudyResults): readonly FieldFault[] => {
  const { truth, group, cluster } = results.test
  return [
    ...lengthFaults('test.group', group, truth.length),
    ...lengthFaults('test.cluster', cluster, truth.length),
    ...rangeFaults('test.truth', truth, results.classes.length, 'classes'),
    ...rangeFaults('test.group', group, results.groups.length, 'groups'),
    ...(results.hiddenGroup === null
      ? []
      : rangeFaults('hiddenGroup', [results.hiddenGroup], results.groups.length, 'groups')),
    ...nothingMeasured(results),
    ...repeatedNames(results),
    ...knownName('judged', results.judged, results),
    ...knownName('rival', results.rival, results),
    ...results.methods.flatMap((method, i) => methodFaults(`methods[${i}]`, method, results)),
    ...results.controls.flatMap((method, i) => methodFaults(`controls[${i}]`, method, results)),
  ]
}

/**
 * Reads results.json back, so that a report can be made again or another tool can go on from it.
 *
 * @param text the file's text or bytes @param file its name, for messages
 * @returns Left naming every field that is wrong, also where parts do not fit each other
 * @example pipe(readResults(text, 'results.json'), E.map(renderReport))
 */
export const readResults = (text: string | Uint8Array, file: string): E.Either<BadInput, StudyResults> =>
  pipe(
    parseJson(text, file),
    E.flatMap((json) => decode(studyResults, json, { file })),
    E.flatMap((results) => {
      const faults = resultFaults(results)
      return faults.length > 0 ? E.left(badInput(faults, file)) : E.right(results)
    }),
  )
