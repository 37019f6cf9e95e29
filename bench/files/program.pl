# A program of many files: with an argument it names them.
use strict;
use warnings;
use Archive::Tar;
use CPAN::Meta;
use Data::Dumper;
use Digest::SHA;
use Encode;
use File::Find;
use File::Temp;
use Getopt::Long;
use HTTP::Tiny;
use IO::Socket;
use JSON::PP;
use Math::BigFloat;
use POSIX;
use Pod::Man;
use Storable;
use Test::More;
use Text::Wrap;
use Tie::File;
use Time::HiRes;

print "$_\n" for @ARGV ? (grep { defined && m{^/} } values %INC, @DynaLoader::dl_shared_objects) : ();
