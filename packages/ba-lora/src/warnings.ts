import {
  type AdaptiveSettings,
  type BaLoraSettings,
  completeNlgSettings,
  completeSettings,
  type NlgSettings,
  type ScheduleSettings,
  svdFor,
} from './settings.js'

/** What is known before training that decides whether the regularisers can act. */
export interface TrainingFacts {
  /** Number of classes, or size of the vocabulary, d; 1 for regression. */
  readonly classes: number
  /** Rows in a batch that count, n: examples, or positions of a language model. */
  readonly batchRows: number
  /** Whether the teacher's head was trained, or is as it was initialised. */
  readonly teacherHead: 'trained' | 'fresh'
  /** Optimiser steps in all. */
  readonly steps: number
}

/** Something that cannot act, or will mislead. */
export interface TrainingWarning {
  readonly code:
    | 'spectral-constant'
    | 'spectral-all-values'
    | 'spectral-frobenius'
    | 'teacher-fresh-head'
    | 'two-classes'
    | 'one-class'
    | 'one-row'
    | 'one-word'
    | 'paper-positions'
    | 'never-reached'
    | 'nothing-acts'
  readonly term: 'consistency' | 'diversity' | 'spectral' | 'all'
  /** A sentence or two for the reader: what, and what to do. */
  readonly text: string
}

/** A warning, and whether it applies. */
type Rule = readonly [when: boolean, code: TrainingWarning['code'], term: TrainingWarning['term'], text: string]

/**
 * What in these settings cannot act or will mislead, to be said before training. An empty list where nothing is wrong.
 *
 * @example
 * const facts: TrainingFacts = { classes: 9, batchRows: 16, teacherHead: 'fresh', steps: 100 }
 * warnings({ lambda1: 0.1, lambda2: 0.01, lambda3: 0.01, k: 1 }, facts).map(({ code }) => code) // => ['teacher-fresh-head']
 */
export const warnings = (settings: BaLoraSettings | NlgSettings, facts: TrainingFacts): readonly TrainingWarning[] => {
  const rules =
    settings.form === 'nlg'
      ? nlgRules(completeNlgSettings(settings), facts)
      : nluRules(completeSettings(settings), facts)
  return rules.flatMap(([when, code, term, text]) => (when ? [{ code, term, text }] : []))
}

// ---------------------------------------------------------------- by form

const nluRules = (settings: Required<BaLoraSettings>, facts: TrainingFacts): readonly Rule[] => {
  const { lambda2, lambda3, norm } = settings
  const { classes, batchRows } = facts
  return [
    ...weightRules(settings, facts),
    [
      (lambda2 > 0 || lambda3 > 0) && classes < 2,
      'one-class',
      'all',
      `With ${classes} output there is no covariance and no spectrum: diversity (λ2) and the spectral term (λ3) are 0.`,
    ],
    [
      (lambda2 > 0 || lambda3 > 0) && batchRows < 2,
      'one-row',
      'all',
      'With one row a batch there is no covariance and no spectrum: diversity (λ2) and the spectral term (λ3) are 0. ' +
        'Use larger batches.',
    ],
    [
      lambda2 > 0 && classes === 2,
      'two-classes',
      'diversity',
      'With two classes diversity (λ2) fights the task: good logits of two classes are anti-correlated, which is what it ' +
        'punishes. Set λ2 to 0, or use more classes.',
    ],
    ...spectralRules(settings, norm, facts, 'classes, rows'),
    ...scheduleRules(settings, facts),
  ]
}

const nlgRules = (settings: ReturnType<typeof completeNlgSettings>, facts: TrainingFacts): readonly Rule[] => {
  const { lambda1, lambda2, lambda3, norm, topK, variant } = settings
  const randomised = svdFor(settings, facts.classes) === 'randomised'
  return [
    ...weightRules(settings, facts),
    [
      variant === 'paper' && lambda1 + lambda2 + lambda3 > 0,
      'paper-positions',
      'all',
      'As in the published code, the regularisers see the logits at positions whose own label counts, one position after ' +
        "those that predict it, which the task sees. Set variant to 'aligned' for the same positions as the task.",
    ],
    [
      lambda3 > 0 && facts.batchRows < 2,
      'one-row',
      'spectral',
      'With one position a batch there is no spectrum: the spectral term (λ3) is 0. Use longer texts or larger batches.',
    ],
    [
      lambda2 > 0 && topK === 1,
      'one-word',
      'diversity',
      'The entropy over the one most likely word is constantly 0: diversity (λ2) does nothing. Choose topK above 1.',
    ],
    [
      lambda3 > 0 && randomised && norm === 'nuclear',
      'spectral-frobenius',
      'spectral',
      `With a vocabulary of ${facts.classes} the SVD is randomised and does not see all singular values: the Frobenius norm ` +
        "takes the place of the nuclear one. Set svd to 'exact' to keep it.",
    ],
    ...spectralRules(settings, randomised ? 'frobenius' : norm, facts, 'words, positions'),
    ...scheduleRules(settings, facts),
  ]
}

// ---------------------------------------------------------------- for both

interface Weights {
  readonly lambda1: number
  readonly lambda2: number
  readonly lambda3: number
}

const weightRules = ({ lambda1, lambda2, lambda3 }: Weights, { teacherHead }: TrainingFacts): readonly Rule[] => [
  [
    lambda1 === 0 && lambda2 === 0 && lambda3 === 0,
    'nothing-acts',
    'all',
    'λ1, λ2 and λ3 are 0: no regulariser acts, and this is plain fine-tuning of the adapter.',
  ],
  [
    lambda1 > 0 && teacherHead === 'fresh',
    'teacher-fresh-head',
    'consistency',
    "The teacher's classification head is freshly initialised, so its logits are noise, and consistency (λ1) pulls the " +
      'student towards noise. Train the head first, or set λ1 to 0.',
  ],
]

const spectralRules = (
  { lambda3, k }: { readonly lambda3: number; readonly k: number },
  norm: 'nuclear' | 'frobenius',
  { classes, batchRows }: TrainingFacts,
  words: 'classes, rows' | 'words, positions',
): readonly Rule[] => {
  const values = Math.min(classes, batchRows)
  const all = lambda3 > 0 && values > 1 && k >= values
  const [columns, rows] = words.split(', ')
  const found = `k = ${k}, but the logits have ${values} singular values (${classes} ${columns}, ${batchRows} ${rows}): `
  return [
    [
      all && norm === 'nuclear',
      'spectral-constant',
      'spectral',
      `${found}the spectral term is constantly -1 and does nothing. Choose k below ${values}.`,
    ],
    [
      all && norm === 'frobenius',
      'spectral-all-values',
      'spectral',
      `${found}with the Frobenius norm the spectral term then makes all of them equal instead of the first ones large. ` +
        `Choose k below ${values}.`,
    ],
  ]
}

interface Schedules extends Weights {
  readonly schedule1: ScheduleSettings | AdaptiveSettings
  readonly schedule2: ScheduleSettings
  readonly schedule3: ScheduleSettings
}

const scheduleRules = (settings: Schedules, { steps }: TrainingFacts): readonly Rule[] => {
  const last = steps < 1 ? 0 : (steps - 1) / steps
  const weights = [
    ['consistency', settings.lambda1, settings.schedule1],
    ['diversity', settings.lambda2, settings.schedule2],
    ['spectral', settings.lambda3, settings.schedule3],
  ] as const
  return weights.map(([term, lambda, schedule]) => [
    lambda > 0 && fullFrom(schedule) > last,
    'never-reached',
    term,
    `The weight of ${term} is full only from ${percent(fullFrom(schedule))} of the run, after the last step ` +
      `(${percent(last)}): with ${steps} steps it never is.`,
  ])
}

/** The progress at which a schedule reaches its full weight. */
const fullFrom = (schedule: ScheduleSettings | AdaptiveSettings): number => {
  switch (schedule.kind) {
    case 'constant':
    case 'cosine':
    case 'adaptive':
      return 0
    case 'two_phase':
      return schedule.warmup + schedule.ramp
    case 'linear_warmup':
    case 'quadratic_warmup':
      return schedule.warmup
  }
}

const percent = (share: number): string => `${Number((100 * share).toFixed(1))} %`
