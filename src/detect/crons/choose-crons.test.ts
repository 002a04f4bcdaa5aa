import { expect, it } from "vitest";
import { readComposer } from "../composer-facts.ts";
import { literalTree } from "../literal-tree.ts";
import { surveyTree } from "../survey.ts";
import { chooseCrons } from "./choose-crons.ts";

it("reads crontabs, schedulers and a Procfile", () => {
  const survey = surveyTree(
    literalTree({
      "cron.d/app":
        "# minute\nMAILTO=root\n*/5 * * * * www-data php /usr/share/app/bin/cron.php --quiet > /dev/null\n@daily php bin/clean.php\n0 1 * * * root rm -rf /\n*/5 * * * * www-data php /usr/share/app/bin/cron.php --quiet\n0 2 * * * php other/cron.php\n",
      "bin/cron.php": "<?php",
      "other/cron.php": "<?php",
      "bin/clean.php": "<?php",
      "vendor/x/crontab": "* * * * * php bin/cron.php --vendor",
      "composer.json": '{"require":{"laravel/framework":"*"}}',
      artisan: "",
      "routes/console.php": "<?php\nSchedule::command('x')->daily();\n",
      Procfile: "web: vendor/bin/heroku-php-nginx public/\nqueue: php artisan queue:work\nrelease: php artisan migrate\n",
    }),
  );
  const { crons, workers } = chooseCrons(survey, readComposer(survey)).value;
  expect(crons).toEqual({
    cron: { schedule: "*/5 * * * *", command: "php bin/cron.php --quiet" },
    clean: { schedule: "@daily", command: "php bin/clean.php" },
    "cron-2": { schedule: "0 2 * * *", command: "php other/cron.php" },
    artisan: { schedule: "* * * * *", command: "php artisan schedule:run" },
  });
  expect(workers).toEqual({ queue: { command: "php artisan queue:work" } });
});

it("finds nothing in a plain tree", () => {
  const survey = surveyTree(literalTree({ "a.php": "<?php" }));
  expect(chooseCrons(survey, readComposer(survey)).value).toEqual({ crons: {}, workers: {} });
});
