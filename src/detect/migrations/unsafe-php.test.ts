import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unsafeMigrations } from "./unsafe-migrations.ts";
import { unsafePhp } from "./unsafe-php.ts";

const up = (body: string, name = "up"): string =>
  `<?php\nreturn new class extends Migration {\n  public function ${name}(): void {\n${body}\n  }\n  public function down(): void { Schema::drop('users'); }\n};\n`;
const table = (body: string): string => up(`Schema::table('users', function (Blueprint $table) {\n${body}\n});`);

describe("unsafe PHP migrations", () => {
  it.each<[string, string, string[]]>([
    ["Laravel: drop", up("Schema::drop('users');"), ["4 drop-table"]],
    ["Laravel: dropIfExists", up("Schema::dropIfExists('users');"), ["4 drop-table"]],
    ["Laravel: rename", up("Schema::rename('users', 'people');"), ["4 rename-table"]],
    ["Laravel: dropColumn", table("$table->dropColumn('email');"), ["5 drop-column"]],
    ["Laravel: dropColumn of several", table("$table->dropColumn(['a', 'b']);"), ["5 drop-column"]],
    ["Laravel: dropSoftDeletes", table("$table->dropSoftDeletes();"), ["5 drop-column"]],
    ["Laravel: renameColumn", table("$table->renameColumn('a', 'b');"), ["5 rename-column"]],
    ["Laravel: change", table("$table->string('name', 50)->change();"), ["5 change-type"]],
    ["Laravel: a column without default", table("$table->string('nick')->after('name');"), ["5 not-null"]],
    ["Laravel: unique", table("$table->string('nick')->nullable()->unique();"), ["5 constraint"]],
    ["Laravel: foreign", table("$table->foreign('a')->references('id')->on('b');"), ["5 constraint"]],
    ["Laravel: raw SQL", up("DB::statement('ALTER TABLE users DROP COLUMN email');"), ["4 drop-column"]],
    ["Laravel: raw SQL over lines", up("DB::unprepared(<<<SQL\nSELECT 1;\nDROP TABLE a;\nSQL);"), ["6 drop-table"]],
    ["Doctrine: addSql", up("$this->addSql('ALTER TABLE users CHANGE a b INT DEFAULT NULL');"), ["4 rename-column", "4 change-type"]],
    ["Doctrine: dropTable", up("$schema->dropTable('users');"), ["4 drop-table"]],
    ["Doctrine: dropColumn", up("$schema->getTable('users')->dropColumn('a');"), ["4 drop-column"]],
    ["Doctrine: notnull", up("$table->addColumn('a', 'string', ['notnull' => true]);"), ["4 not-null"]],
    ["Phinx: change()", up("$this->table('users')->removeColumn('a')->update();", "change"), ["4 drop-column"]],
    ["Phinx: null => false", up("$table->addColumn('a', 'string', ['null' => false])->update();", "change"), ["4 not-null"]],
    ["Yii: safeUp", up("$this->renameColumn('users', 'a', 'b');", "safeUp"), ["4 rename-column"]],
    ["CodeIgniter", up("$this->forge->dropColumn('users', 'a');"), ["4 drop-column"]],
  ])("flags %s", (_name, text, wanted) => {
    expect(unsafePhp(text).map(({ line, hazard }) => `${String(line)} ${hazard}`)).toEqual(wanted);
  });

  it.each<[string, string]>([
    [
      "a new table",
      up(
        "Schema::create('people', function (Blueprint $table) { $table->id(); $table->string('name')->unique(); $table->foreignId('a')->constrained(); });",
      ),
    ],
    ["a column with a default", table("$table->boolean('on')->default(false);")],
    ["a column that may be NULL", table("$table->string('nick')->nullable();")],
    ["dropping an index", table("$table->dropIndex('i'); $table->dropForeign('f'); $table->dropUnique('u');")],
    ["what only goes back", "<?php class M { public function down() { Schema::drop('x'); $this->addSql('DROP TABLE y'); } }"],
    ["comments and strings", up("// Schema::drop('users');\n$say = \"Schema::drop('users')\"; /* $table->dropColumn('a'); */")],
    ["Doctrine's nullable column", up("$table->addColumn('a', 'string', ['notnull' => false]);")],
    ["data written by a builder", up("DB::table('users')->where('a', 1)->update(['a' => 'DROP TABLE x']);")],
  ])("leaves alone: %s", (_name, text) => expect(unsafePhp(text)).toEqual([]));

  it("ends on any text", () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom("<?php ", "function up() {", "}", "(", ")", "Schema::", "drop(", "'", "$t->", "addSql(", "\n", ";", "->"),
          maxLength: 40,
        }),
        (text) => {
          const lines = text.split("\n").length;
          for (const { line } of unsafePhp(text)) expect(line).toBeLessThanOrEqual(lines);
        },
      ),
    );
  });

  it("says where, why and what to do instead", () => {
    expect(
      unsafeMigrations([
        { path: "migrations/2.sql", text: "\nDROP TABLE users;" },
        { path: "README", text: "DROP TABLE users" },
      ]),
    ).toEqual([
      {
        code: "detect/unsafe-migration",
        severity: "warning",
        message: "DROP TABLE users: the release that still serves reads and writes it",
        hint: "Deploy code that no longer uses it first; drop it in a later release",
        path: ["spec", "hooks", "migrate"],
        file: "migrations/2.sql",
        line: 2,
      },
    ]);
  });
});
