import { describe, expect, it } from 'vitest'
import { printConfigFile } from './configFile.js'

describe('printConfigFile', () => {
  it('sorts keys, at every depth, and escapes what is not ASCII', () => {
    expect(printConfigFile({ b: { d: 1, c: [true, null] }, a: 'é\u{1f600}' })).toBe(
      '{\n  "a": "\\u00e9\\ud83d\\ude00",\n  "b": {\n    "c": [\n      true,\n      null\n    ],\n    "d": 1\n  }\n}\n',
    )
  })

  it.each([
    [0, '0.0'],
    [1, '1.0'],
    [-8, '-8.0'],
    [0.02, '0.02'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [1.5e-7, '1.5e-07'],
    [1e-12, '1e-12'],
    [500000, '500000.0'],
    [1e15, '1000000000000000.0'],
    [1e16, '1e+16'],
    [1.25e25, '1.25e+25'],
    [1e-100, '1e-100'],
  ])('prints the float %d as Python does', (value, text) => {
    expect(printConfigFile({ z: { rope_theta: value }, factor: value, other: 5 })).toBe(
      `{\n  "factor": ${text},\n  "other": 5,\n  "z": {\n    "rope_theta": ${text}\n  }\n}\n`,
    )
  })

  it('leaves texts alone', () => {
    const name = 'a\n  "factor": 5\n, "factor": 5,'
    expect(JSON.parse(printConfigFile({ name, factor: null }))).toEqual({ name, factor: null })
  })
})
