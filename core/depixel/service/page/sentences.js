// The engine's own sentences in another language. A translation has them as templates: "{1} is empty (0 bytes)." matches
// "hero.png is empty (0 bytes)."; a value in it may itself be such a sentence, which is then translated too.

let templates = [];

/** Take the templates of a language: {English: translation}; both have {1}, {2} ... in place of values. */
export function setSentences(entries) {
  templates = Object.entries(entries)
    .filter(([english, text]) => text && text !== english)
    .map(([english, text]) => ({ fixed: english.split(/\{\d+\}/), numbers: english.match(/(?<=\{)\d+(?=\})/g) ?? [], text }))
    .sort((a, b) => letters(b) - letters(a)); // the most specific first
}

/** A text of the engine in the page's language; sentences without a translation stay as they are. */
export function sayEngine(text) {
  for (const template of templates) {
    const values = match(template, text);
    if (values) return template.text.replace(/\{(\d+)\}/g, (whole, number) => (values.has(number) ? sayEngine(values.get(number)) : whole));
  }
  const parts = text.split(/(?<=[.!]) (?=\p{Lu})/u);
  return parts.length > 1 && templates.length ? parts.map(sayEngine).join(" ") : text;
}

const letters = ({ fixed }) => fixed.reduce((sum, part) => sum + part.length, 0);

// The values {number => text} with which a template makes the sentence, or null. Each fixed part is searched for only once,
// behind the one before it, so that the time is bounded, whatever names a sentence quotes.
function match({ fixed, numbers }, sentence) {
  const last = fixed.at(-1);
  if (!numbers.length) return sentence === fixed[0] ? new Map() : null;
  if (!sentence.startsWith(fixed[0]) || !sentence.endsWith(last)) return null;
  const values = new Map();
  let from = fixed[0].length;
  for (let index = 0; index < numbers.length; index += 1) {
    const isLast = index === numbers.length - 1;
    const to = isLast ? sentence.length - last.length : sentence.indexOf(fixed[index + 1], from + 1);
    if (to <= from) return null;
    values.set(numbers[index], sentence.slice(from, to));
    from = to + fixed[index + 1].length;
  }
  return values;
}
