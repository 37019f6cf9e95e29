# A program of 300 small modules of its own.
use strict;
use warnings;

BEGIN { unshift @INC, '/bench/lib' }

for my $number (0 .. 299) {
	require "Part" . $number % 15 . "/M$number.pm";
}
