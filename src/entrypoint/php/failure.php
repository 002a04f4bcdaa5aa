<?php
declare(strict_types=1);

namespace Howdah;

/** A failure with a name of Howdah's error catalog and the exit code that the engine sees. */
final class Failure extends \RuntimeException
{
    /** @var string */
    public $name;
    /** @var int */
    public $exit;

    public function __construct(string $name, int $exit, string $message)
    {
        parent::__construct($message);
        $this->name = $name;
        $this->exit = $exit;
    }
}

/** Somebody asked the container to stop while it was preparing. */
final class Stopped extends \RuntimeException
{
    /** @var int */
    public $signal;

    public function __construct(int $signal)
    {
        parent::__construct('stopped by signal ' . $signal);
        $this->signal = $signal;
    }
}

const EXIT_USAGE = 64;
const EXIT_DATABASE = 69;
const EXIT_BUG = 70;
const EXIT_INSTALL = 71;
const EXIT_MIGRATE = 72;
const EXIT_INTERRUPTED = 73;
const EXIT_FILES = 74;
const EXIT_CONFIGURATION = 78;
