import { cpus } from 'node:os'
import { version } from '@cotangent/core'
import { mailGroups } from '../data/index.js'
import type { MethodResult, Settings, StudyResults } from '../report/index.js'
import type { Study } from './context.js'
import type { StudyData } from './dataset.js'
import type { NoisyTest } from './measure.js'
import { describeKind } from './pretrain.js'
import type { Start } from './starts.js'

/** Settings as one level of names with dots. */
const flatSettings = (settings: object, prefix = ''): Settings =>
  Object.fromEntries(
    Object.entries(settings).flatMap(([key, value]: [string, unknown]) => {
      const name = prefix === '' ? key : `${prefix}.${key}`
      if (Array.isArray(value)) return [[name, value.join(', ')]]
      if (typeof value === 'object' && value !== null) return Object.entries(flatSettings(value, name))
      return [[name, typeof value === 'number' || typeof value === 'boolean' ? value : String(value)]]
    }),
  )

const uses: Readonly<Record<keyof StudyData['parts'], string>> = {
  pretraining: 'masked words, then labels with the faults of pre-training',
  pool: 'clean fine-tuning sets are drawn from it',
  validation: 'tuning of every method',
  test: 'everything reported',
}

/** Everything the study found, as results.json holds it. */
export const resultsOf = (
  study: Study,
  data: StudyData,
  starts: readonly Start[],
  methods: readonly MethodResult[],
  controls: readonly MethodResult[],
  noisy: readonly NoisyTest[],
): StudyResults => {
  const { settings, options } = study
  const { test } = data.parts
  const names = methods.map(({ name }) => name)
  return {
    format: 'cotangent-study',
    version: 1,
    title: 'BA-LoRA on real mail',
    question: 'Does BA-LoRA help on a task whose pre-training was biased and noisy?',
    created: new Date().toISOString(),
    seed: settings.seed,
    judged: names.includes('ba-lora') ? 'ba-lora' : null,
    rival: names.includes('pissa') ? 'pissa' : null,
    classes: data.classes,
    groups: [...mailGroups],
    hiddenGroup: mailGroups.indexOf('hard-ham'),
    noisyMails: noisy[0]?.labels.length ?? 0,
    test: {
      truth: Array.from(test.labels),
      group: test.mails.map(({ group }) => mailGroups.indexOf(group)),
      cluster: data.testClusters,
    },
    data: {
      source: 'SpamAssassin public corpus (6,046 mails), labelled by mailing list or as spam',
      splits: Object.entries(data.parts).map(([name, { mails }]) => ({
        name,
        mails: mails.length,
        use: uses[name as keyof typeof uses] ?? '', // border: the keys are those of `parts`
      })),
    },
    pretrainings: starts.map(({ kind, index }) => ({ kind, seed: index, description: describeKind(kind, settings) })),
    methods,
    controls,
    settings: flatSettings(settings),
    environment: {
      cotangent: version,
      engine: options.engine.name,
      runsOn: options.runsOn,
      threads: options.threads,
      node: process.version,
      processor: cpus()[0]?.model ?? 'unknown',
      platform: `${process.platform} ${process.arch}`,
    },
    work: study.work,
    warnings: study.warnings,
  }
}
