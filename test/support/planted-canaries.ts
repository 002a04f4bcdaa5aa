const KINDS = ["name", "mail", "phone", "iban"] as const;
const PEOPLE = 250;

interface Person {
  readonly name: string;
  readonly mail: string;
  readonly phone: string;
  readonly iban: string;
}

/** A German IBAN whose check digits are right: others nobody would look for. */
function iban(account: number): string {
  const rest = `37040044${String(account).padStart(10, "0")}`;
  const check = 98n - (BigInt(`${rest}131400`) % 97n);
  return `DE${String(check).padStart(2, "0")}${rest}`;
}

const SYLLABLES = ["bar", "dol", "fen", "gri", "hul", "jas", "kem", "lor", "mik", "nes"] as const;

/** Words that no list of names has. */
function word(number: number): string {
  const text = String(number)
    .padStart(3, "0")
    .split("")
    .map((digit) => SYLLABLES[Number(digit)] ?? "")
    .join("");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

const people = Array.from(
  { length: PEOPLE },
  (_, n): Person => ({
    name: `${word(n)} Zq${word(999 - n).toLowerCase()}`,
    mail: `${word(n).toLowerCase()}.${String(n)}@kunde-${String(n)}.example.net`,
    phone: `+49 30 ${String(5_550_000 + n * 13)}`,
    iban: iban(532_013_000 + n),
  }),
);

/** 1,000 strings that only production may have (D9): names, addresses, telephone numbers, IBANs. */
export const personalStrings: readonly string[] = people.flatMap((person) => KINDS.map((kind) => person[kind]));

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

function serialized(person: Person): string {
  const string = (text: string): string => `s:${String(Buffer.byteLength(text))}:"${text}";`;
  const inner = KINDS.map((kind) => `${string(kind)}${string(person[kind])}`).join("");
  return `a:2:{${string("billing")}a:4:{${inner}}${string("age")}i:41;}`;
}

/** Tables of a small shop whose people are everywhere: in columns, free text, JSON, serialized PHP, and in sessions. And 6,000 rows more, to take a while. */
export function plantedStatements(): string {
  const rows = (write: (person: Person, id: number) => string): string =>
    people.map((person, index) => `(${write(person, index + 1)})`).join(",");
  const json = ({ name, mail, phone, iban: account }: Person): string =>
    JSON.stringify({ name, mail, contact: { phone }, bank: [account] });
  const note = ({ name, mail, phone, iban: account }: Person): string => `called ${phone}, wrote to ${mail}; account ${account} of ${name}`;
  return [
    "CREATE TABLE users (id INT PRIMARY KEY AUTO_INCREMENT, login VARCHAR(60), name VARCHAR(100), email VARCHAR(100), phone VARCHAR(40), iban VARCHAR(34), note TEXT, UNIQUE KEY email (email), KEY name (name));",
    "CREATE TABLE usermeta (id INT PRIMARY KEY AUTO_INCREMENT, user_id INT, meta_key VARCHAR(255), meta_value LONGTEXT, KEY user_id (user_id));",
    "CREATE TABLE profiles (user_id INT PRIMARY KEY, data LONGTEXT);",
    "CREATE TABLE sessions (id VARCHAR(64) PRIMARY KEY, data TEXT);",
    "CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, user_id INT, total DECIMAL(10,2), CONSTRAINT buyer FOREIGN KEY (user_id) REFERENCES users (id));",
    `INSERT INTO users (login, name, email, phone, iban, note) VALUES ${rows((person) => [person.mail, person.name, person.mail, person.phone, person.iban, note(person)].map(quoted).join(","))};`,
    `INSERT INTO usermeta (user_id, meta_key, meta_value) VALUES ${rows((person, id) => `${String(id)}, 'profile', ${quoted(serialized(person))}`)};`,
    `INSERT INTO profiles VALUES ${rows((person, id) => `${String(id)}, ${quoted(json(person))}`)};`,
    `INSERT INTO sessions VALUES ${rows((person, id) => `'${String(id)}', ${quoted(serialized(person))}`)};`,
    "INSERT INTO orders (user_id, total) SELECT 1 + seq % 250, seq FROM seq_1_to_2000;",
    "INSERT INTO usermeta (user_id, meta_key, meta_value) SELECT 1 + seq % 250, 'note', CONCAT('a:1:{s:1:\"n\";i:', seq, ';}') FROM seq_1_to_6000;",
    "CREATE VIEW buyers AS SELECT u.email, SUM(o.total) AS spent FROM users AS u JOIN orders AS o ON o.user_id = u.id GROUP BY u.email;",
  ].join("\n");
}
