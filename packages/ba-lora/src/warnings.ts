import { type BaLoraSettings, completeSettings, type ScheduleSettings } from './settings.js'

/** What is known before training that decides whether the regularisers can act. */
export interface TrainingFacts {
  /** Number of classes, d; 1 for regression. */
  readonly classes: number
  /** Rows in a batch that count, n. */
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
    | 'teacher-fresh-head'
    | 'two-classes'
    | 'one-class'
    | 'one-row'
    | 'never-reached'
    | 'nothing-acts'
  readonly term: 'consistency' | 'diversity' | 'spectral' | 'all'
  /** A sentence or two for the reader: what, and what to do. */
  readonly text: string
}

/** The progress at which a schedule reaches its full weight. */
const fullFrom = (schedule: ScheduleSettings): number => {
  switch (schedule.kind) {
    case 'constant':
    case 'cosine':
      return 0
    case 'two_phase':
      return schedule.warmup + schedule.ramp
    case 'linear_warmup':
    case 'quadratic_warmup':
      return schedule.warmup
  }
}

const percent = (share: number): string => `${Number((100 * share).toFixed(1))} %`

/**
 * What in these settings cannot act or will mislead, to be said before training. An empty list where nothing is wrong.
 *
 * @example
 * const facts: TrainingFacts = { classes: 9, batchRows: 16, teacherHead: 'fresh', steps: 100 }
 * warnings({ lambda1: 0.1, lambda2: 0.01, lambda3: 0.01, k: 1 }, facts).map(({ code }) => code) // => ['teacher-fresh-head']
 */
export const warnings = (settings: BaLoraSettings, facts: TrainingFacts): readonly TrainingWarning[] => {
  const complete = completeSettings(settings)
  const { lambda1, lambda2, lambda3, k, norm } = complete
  const { classes, batchRows, teacherHead, steps } = facts
  const said: TrainingWarning[] = []
  const say = (when: boolean, code: TrainingWarning['code'], term: TrainingWarning['term'], text: string): void => {
    if (when) said.push({ code, term, text })
  }
  const values = Math.min(classes, batchRows)
  say(
    lambda1 === 0 && lambda2 === 0 && lambda3 === 0,
    'nothing-acts',
    'all',
    'λ1, λ2 and λ3 are 0: no regulariser acts, and this is plain fine-tuning of the adapter.',
  )
  say(
    lambda1 > 0 && teacherHead === 'fresh',
    'teacher-fresh-head',
    'consistency',
    "The teacher's classification head is freshly initialised, so its logits are noise, and consistency (λ1) pulls the " +
      'student towards noise. Train the head first, or set λ1 to 0.',
  )
  say(
    (lambda2 > 0 || lambda3 > 0) && classes < 2,
    'one-class',
    'all',
    `With ${classes} output there is no covariance and no spectrum: diversity (λ2) and the spectral term (λ3) are 0.`,
  )
  say(
    (lambda2 > 0 || lambda3 > 0) && batchRows < 2,
    'one-row',
    'all',
    'With one row a batch there is no covariance and no spectrum: diversity (λ2) and the spectral term (λ3) are 0. ' +
      'Use larger batches.',
  )
  say(
    lambda2 > 0 && classes === 2,
    'two-classes',
    'diversity',
    'With two classes diversity (λ2) fights the task: good logits of two classes are anti-correlated, which is what it ' +
      'punishes. Set λ2 to 0, or use more classes.',
  )
  say(
    lambda3 > 0 && norm === 'nuclear' && values > 1 && k >= values,
    'spectral-constant',
    'spectral',
    `k = ${k}, but the logits have ${values} singular values (${classes} classes, ${batchRows} rows): the spectral term ` +
      `is constantly -1 and does nothing. Choose k below ${values}.`,
  )
  say(
    lambda3 > 0 && norm === 'frobenius' && values > 1 && k >= values,
    'spectral-all-values',
    'spectral',
    `k = ${k}, but the logits have ${values} singular values (${classes} classes, ${batchRows} rows): with the Frobenius ` +
      `norm the spectral term then makes all of them equal instead of the first ones large. Choose k below ${values}.`,
  )
  for (const [term, lambda, schedule] of [
    ['consistency', lambda1, complete.schedule1],
    ['diversity', lambda2, complete.schedule2],
    ['spectral', lambda3, complete.schedule3],
  ] as const) {
    const last = steps < 1 ? 0 : (steps - 1) / steps
    say(
      lambda > 0 && fullFrom(schedule) > last,
      'never-reached',
      term,
      `The weight of ${term} is full only from ${percent(fullFrom(schedule))} of the run, after the last step ` +
        `(${percent(last)}): with ${steps} steps it never is.`,
    )
  }
  return said
}
