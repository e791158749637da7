import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { compareMethods, interaction, summarise, type VerdictInput, verdict } from './index.js'

fc.configureGlobal({ seed: 20260303 })

/** A verdict's input from values by seed: the judged method first. */
const inputOf = (
  values: Readonly<Record<string, readonly number[]>>,
  more: Partial<VerdictInput> = {},
): VerdictInput => {
  const [[judged, judgedValues] = ['', []], ...others] = Object.entries(values)
  const tests = compareMethods(
    { name: judged, values: judgedValues },
    others.map(([name, other]) => ({ name, values: other })),
    { seed: 0 },
  )
  return {
    judged,
    primary: {
      label: 'macro F1',
      comparisons: tests.map((comparison, i) => ({
        label: comparison.against,
        judgedMean: summarise(judgedValues).mean,
        otherMean: summarise(others[i]?.[1] ?? []).mean,
        interval: { low: 0.001, high: 0.02, level: 0.95, resamples: 2000 },
        test: comparison,
      })),
    },
    seeds: judgedValues.length,
    pretrainings: 1,
    ...more,
  }
}

const base = [0.7, 0.72, 0.71, 0.73, 0.69, 0.7, 0.74, 0.712]
const plus = (by: number) => base.map((value) => value + by)
const mixed = base.map((value, i) => value + (i % 2 ? 0.01 : -0.011))

describe('verdict', () => {
  test('better than all', () => {
    const { outcome, headline, sentences } = verdict(inputOf({ 'BA-LoRA': plus(0.02), LoRA: base, PiSSA: plus(0.01) }))
    expect(outcome).toBe('better')
    expect(headline).toBe(
      'BA-LoRA is better than LoRA and PiSSA on macro F1: better than every method it was compared with.',
    )
    expect(sentences[0]).toBe(
      'Macro F1 of BA-LoRA is 2.0 points above LoRA (73.3 against 71.3; 95 % interval of the difference +0.1 to +2.0); higher on 8 of 8 seeds; p = 0.0078, after Holm 0.016.',
    )
    expect(sentences.at(-1)).toMatch(/one pre-trained model/)
  })

  test('better than some', () => {
    const { outcome, headline } = verdict(inputOf({ 'BA-LoRA': base, LoRA: plus(-0.02), PiSSA: mixed }))
    expect(outcome).toBe('partly better')
    expect(headline).toBe('BA-LoRA is better than LoRA on macro F1. Against PiSSA no difference was found.')
  })

  test('says so when it loses', () => {
    const { outcome, headline } = verdict(inputOf({ 'BA-LoRA': base, LoRA: plus(0.01), PiSSA: plus(0.02) }))
    expect(outcome).toBe('worse')
    expect(headline).toBe('BA-LoRA is worse than LoRA and PiSSA on macro F1.')
  })

  test('says so when it wins here and loses there', () => {
    const { outcome, headline } = verdict(inputOf({ 'BA-LoRA': base, LoRA: plus(0.01), PiSSA: plus(-0.02) }))
    expect(outcome).toBe('mixed')
    expect(headline).toBe('BA-LoRA is better than PiSSA and worse than LoRA on macro F1.')
  })

  test('says so when nothing is significant, and that this is not equality', () => {
    const { outcome, headline, sentences } = verdict(inputOf({ 'BA-LoRA': base, LoRA: mixed }))
    expect(outcome).toBe('no difference found')
    expect(headline).toBe('No difference between BA-LoRA and LoRA was found on macro F1.')
    expect(sentences.join(' ')).toMatch(/does not mean that there is none/)
  })

  test('too few seeds are called too few, with how many would do', () => {
    const three = (values: readonly number[]) => values.slice(0, 3)
    const { outcome, headline, sentences } = verdict(
      inputOf({ 'BA-LoRA': three(plus(0.1)), LoRA: three(base), PiSSA: three(base), Full: three(base) }),
    )
    expect(outcome).toBe('undecidable')
    expect(headline).toMatch(/^Undecided: with 3 seeds/)
    // three comparisons: 3 · 2^(1-7) = 0.047
    expect(sentences.join(' ')).toMatch(/smallest p that can be reached after Holm is 0\.75.*at least 7 seeds/)
  })

  test('a control that does better is named', () => {
    const { sentences } = verdict(
      inputOf({ 'BA-LoRA': base, LoRA: mixed }, { controls: [{ label: 'Bag of words', mean: 0.8 }] }),
    )
    expect(sentences.join(' ')).toMatch(/Bag of words reaches 80\.0 on macro F1, 8\.7 points more than BA-LoRA/)
  })

  test('the interaction with faulty pre-training', () => {
    const result = interaction(
      {
        judgedFaulty: [plus(0.05), plus(0.04), plus(0.05)],
        otherFaulty: [base, base, base],
        judgedClean: [plus(0.01), plus(0.01), plus(0.01)],
        otherClean: [base, base, base],
      },
      { seed: 0 },
    )
    const input = inputOf({ 'BA-LoRA': plus(0.02), PiSSA: base })
    const words = verdict({ ...input, pretrainings: 3, interaction: { other: 'PiSSA', result } }).sentences.join(' ')
    expect(words).toMatch(
      /gains \+4\.7 points after faulty and \+1\.0 points after clean pre-training: the gain is larger/,
    )
    expect(words).toMatch(/this sign in 3 of 3 pairs.*none below 0\.25 exists for 3/)
    expect(words).toMatch(/3 seeds of pre-training/)
    expect(words).not.toMatch(/one pre-trained model/)
  })

  test('alone, it was compared with nothing', () => {
    expect(verdict(inputOf({ 'BA-LoRA': base })).outcome).toBe('not compared')
  })

  const values = fc.array(fc.double({ min: 0.3, max: 0.9, noNaN: true }), { minLength: 8, maxLength: 8 })
  test.prop([values, values, values], { numRuns: 50 })(
    'claims a difference only where p after Holm is at most 0.05, in the direction of the mean',
    (a, b, c) => {
      const input = inputOf({ Mine: a, B: b, C: c })
      const { headline } = verdict(input)
      for (const { label, test: found } of input.primary.comparisons) {
        const claimed = new RegExp(`(better|worse) than [^.]*\\b${label}\\b`).test(headline)
        expect(claimed).toBe(found.holmP <= 0.05)
      }
    },
  )
})
