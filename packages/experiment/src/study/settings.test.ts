import { E } from '@cotangent/prelude'
import { describe, expect, it } from 'vitest'
import { settingsFaults } from './runStudy.js'
import { defaultSettings, presets, studySettingsFile, withSettings } from './settings.js'

describe('withSettings', () => {
  it('replaces what is named and keeps the rest, one level down too', () => {
    const changed = withSettings(defaultSettings, { rank: 4, tuning: { trials: 2 }, methods: ['lora'] })
    expect(changed).toEqual({
      ...defaultSettings,
      rank: 4,
      methods: ['lora'],
      tuning: { ...defaultSettings.tuning, trials: 2 },
    })
    expect(defaultSettings.tuning.trials).not.toBe(2)
  })

  it('changes nothing for nothing', () => {
    expect(withSettings(defaultSettings, {})).toEqual(defaultSettings)
  })
})

describe('studySettingsFile', () => {
  it.each(Object.entries(presets))('accepts the whole of the preset %s, which has no faults', (_, preset) => {
    expect(studySettingsFile.decode(preset)).toEqual(E.right(preset))
    expect(settingsFaults(preset)).toEqual([])
  })

  it.each([
    [{ ranks: 4 }],
    [{ rank: 0 }],
    [{ pretraining: { noise: 1.5 } }],
    [{ tuning: { fullRates: [2, 1] } }],
    [{ fineTuning: { head: 'old' } }],
    [{ seed: -1 }],
  ])('refuses %j', (wrong) => {
    expect(E.isLeft(studySettingsFile.decode(wrong))).toBe(true)
  })
})

describe('settingsFaults', () => {
  it('names every setting that does not go with another', () => {
    const wrong = withSettings(defaultSettings, {
      model: { width: 128, heads: 3 },
      fineTuning: { mails: 16, batch: 32 },
      pretraining: { noise: 1 },
    })
    expect(settingsFaults(wrong)).toEqual([
      { path: 'model.heads', expected: 'a divisor of model.width (128)', received: '3' },
      { path: 'fineTuning.batch', expected: 'at most fineTuning.mails (16)', received: '32' },
      { path: 'pretraining.noise', expected: 'a rate below 1', received: '1' },
    ])
  })
})
