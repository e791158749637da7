/* A lab of a few numbers: a random encoder, and mails that mean nothing. */
import { key, tensor } from '@cotangent/core'
import { defaultSettings, mailLabels, studyConfig, withSettings } from '@cotangent/experiment'
import { initBert } from '@cotangent/transformer'
import type { Lab } from '../../packages/lab/src/worker/trainer.js'

const [rows, length, vocabulary] = [12, 6, 40]
const classes = mailLabels.length

export const smallSettings = withSettings(defaultSettings, {
  rank: 2,
  alpha: 2,
  model: { layers: 1, width: 8, heads: 2, length, vocabulary: 300 },
  fineTuning: { mails: rows, batch: 4 },
})

const config = studyConfig(smallSettings, mailLabels, vocabulary)

export const smallLab: Lab = {
  settings: smallSettings,
  config,
  model: initBert(key(1), config, 'classify'),
  mails: {
    inputIds: tensor(
      Int32Array.from({ length: rows * length }, (_, i) => (7 * i + i * i) % vocabulary),
      [rows, length],
    ),
    attentionMask: tensor(
      Int32Array.from({ length: rows * length }, (_, i) => Number(i % length < 3 + (i % 3))),
      [rows, length],
    ),
    labels: tensor(
      Int32Array.from({ length: rows }, (_, i) => i % classes),
      [rows],
    ),
    teacher: tensor(
      Float32Array.from({ length: rows * classes }, (_, i) => Math.sin(i)),
      [rows, classes],
    ),
  },
}
