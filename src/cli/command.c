/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/commands.h"
#include <stdio.h>

static const char air_usage[] =
    "usage: qingkong air evaluate --hours FILE.csv [--stations FILE.csv] [--from D] [--to D]\n"
    "                             [--standard auto|2012|2026] [--dust FILE.csv] [--index PROFILE]\n"
    "       qingkong air target --hours FILE.csv --plan PLAN.json --asof D [the same options]\n"
    "       qingkong air rules [--rules FILE.json]\n\n"
    "Reads hours (station,time,SO2,NO2,CO,O3,PM10,PM2.5; time = the period's end, ug/m3, CO "
    "mg/m3)\n"
    "ordered by station or by time, and writes JSON: days, months, years of each station and of\n"
    "the city, ranking; or what each target of a plan has reached, allows and is heading for.\n"
    "  --stations F  station[,name,lon,lat,kind]; road, micro, grid and construction stations are\n"
    "                evaluated apart: not in the city's mean, not ranked; township: ranked only\n"
    "  --dust F      station,date of sand-dust days; station * = all\n"
    "  --standard    the edition of HJ 633; auto goes by the day\n"
    "  --index P     profile of the composite index (HJ663-2013, NEW-LIMITS-OLD-WEIGHTS, …)\n"
    "  --rules F     tables of rules that take the place of shipped ones;\n"
    "                'air rules' writes those in force, to be edited\n"
    "  --plan F      plan as 'plan compile' writes it\n"
    "  --asof D      the last day that is known\n";

static const char calc_usage[] =
    "usage: qingkong calc NAME [FILE] [--explain] [--rules FILE.json] [--day D]\n"
    "       qingkong calc --list\n\n"
    "Reads CSV with the columns of the calculation NAME (by name; others pass through) and writes\n"
    "the same rows with its results appended, or replaced where such a column stands already.\n"
    "Empty and NA are missing, lists are joined by ';'. A missing or impossible value leaves the\n"
    "results empty; a malformed one is refused with its line and cell.\n"
    "  --explain   adds a column 'rule': standard, clause, date of force\n"
    "  --rules F   tables that take the place of shipped ones, as 'air rules' writes them\n"
    "  --day D     the day whose rows of the tables hold; without it the newest\n"
    "  --list      the names of all calculations\n"
    "Without FILE, or with -, standard input is read.\n";

static const char demo_usage[] =
    "usage: qingkong demo [--data DIR] [--http ADDR:PORT] [--hj212 ADDR:PORT]\n"
    "                     [--clock T[xSPEED]] [--speed N] [--history DAYS] [--no-devices]\n"
    "                     [--forecasts DAYS]\n\n"
    "Runs the invented county 青泽县 with its devices, which speak HJ 212 over TCP, and prints "
    "the\n"
    "page's address. Stays in the foreground; Ctrl-C ends it; the next start goes on from there.\n"
    "  --data DIR      data folder (demo-data)\n"
    "  --http A:P      page and API (127.0.0.1:8080)\n"
    "  --hj212 A:P     where the devices connect (127.0.0.1:9212)\n"
    "  --clock T[xN]   simulated time to start at and its speed (2025-12-11T08:00:00x60)\n"
    "  --speed N       speed alone\n"
    "  --history DAYS  of hours that the devices still hold and send first (30)\n"
    "  --no-devices    the county without its devices\n"
    "  --forecasts DAYS  forecasts that were issued up to yesterday (365)\n";

static const char serve_usage[] =
    "usage: qingkong serve --data DIR [--http ADDR:PORT] [--hj212 ADDR:PORT]\n"
    "                      [--clock ISO8601[xSPEED]] [--accept-any] [--demo] [--verbose]\n\n"
    "Takes frames of devices, stores them, answers them once they are on the disk, serves the "
    "page.\n"
    "  --data DIR     the data folder; created when absent\n"
    "  --http A:P     where the page and the API are (127.0.0.1:8080; port 0 = any)\n"
    "  --hj212 A:P    where devices connect (127.0.0.1:9212)\n"
    "  --clock T[xN]  a simulated clock that starts at T and runs N times as fast\n"
    "  --accept-any   store and answer devices that are not registered (commissioning, load "
    "tests)\n"
    "  --demo         mark a new folder as a demonstration\n"
    "  --verbose      log more\n"
    "Limits of the device side: --max-connections N (16000), --max-per-address N (64),\n"
    "--idle S (3600), --half-frame S (30), --stall S (60).\n"
    "Prints 'page http://ADDR:PORT/' and 'devices ADDR:PORT' when it is ready; ends on SIGTERM.\n";

static const char disperse_usage[] =
    "usage: qingkong disperse CASE.inp [--threads N] [--state FILE] [--exact] [--check] "
    "[--quiet]\n\n"
    "Runs an AERMOD runstream (CO, SO, RE, ME, OU) with its .sfc and .pfl weather: steady-state\n"
    "plumes of points (also capped and horizontal), volumes, areas, polygons, circles and lines,\n"
    "over flat ground and hills, in country and city. Writes the PLOTFILE, POSTFILE and RECTABLE\n"
    "outputs that it names, RECTABLE to CASE.out; paths are relative to the runstream's folder.\n"
    "A keyword that is not supported is refused with its line; ERRORFIL, DEBUGOPT, SUMMFILE,\n"
    "MAXTABLE, RANKFILE and EVENTFIL are accepted and reported as not written.\n"
    "  --threads N   threads (OMP_NUM_THREADS, else all cores); the result is the same\n"
    "  --state FILE  save there when stopped and every 30 s; go on from it when it exists\n"
    "  --exact       evaluate every receptor, without tables in downwind distance\n"
    "  --check       read the runstream and its files, run nothing\n"
    "  --quiet       no progress and no notes\n"
    "matrix builds the source-receptor matrix (NetCDF, CF): mean concentration per unit emission "
    "of\n"
    "each source over the year, months, 16 wind sectors, hours of the day and the heavy days that\n"
    "--heavy lists; rows whose inputs have not changed are taken from the file that is there. On "
    "a\n"
    "matrix it evaluates a scenario: --rates has source,rate (g/s), other sources stay.\n"
    "scenario FILE.nc --measures FILE.csv [--mean year|month:N|sector:N|hour:N|heavy]\n"
    "               [--factor F] [--background B] [--target T [--margin M]]\n"
    "tells what measures do to the air of a matrix: measure,source,cut (0..1 of what the source "
    "still\n"
    "emits),cost,applied (0..1). Exact for primary pollutants, within the dispersion model. With "
    "--target\n"
    "the cheapest set that keeps factor x modelled + background at or below it at every receptor; "
    "--margin\n"
    "0.2 counts four fifths of every reduction.\n"
    "weather (--obs FILE.csv | --isd FILE | --grid FILE) --latitude N --longitude E --out NAME\n"
    "        [--zone 8] [--elevation M] [--wind-height 10] [--temperature-height 2] [--calm 0.5]\n"
    "        [--soundings FILE.csv] [--ground FILE.csv] [--no-adjust]\n"
    "makes NAME.sfc and NAME.pfl from hourly surface observations (time,wind_speed,wind_from,\n"
    "temperature,cloud,pressure,humidity,precipitation; or NOAA's ISD-Lite in UTC), with what has\n"
    "become of each hour in NAME.flags.csv. Soundings: date,height,temperature; without one the\n"
    "morning's profile rises by 5 K/km. Ground: month,sector_from,albedo,bowen,roughness.\n"
    "Grid: GRIB or NetCDF, for the morning profiles and, without observations, the hours too.\n"
    "response WHAT answers where a matrix does not:\n"
    "  blend FILE.csv     binds modelled classes to a monitor (observed, one column a class) with\n"
    "                     errors; what F and B of a scenario may be\n"
    "  region FILE.csv --change R=-0.2,… [--receptor P] [--season S] [--now C]\n"
    "                     an imported transport matrix (receptor,region,share; low, high, "
    "season):\n"
    "                     what is left, its range, and the ceiling that the share sets\n"
    "  secondary FILE.csv --now C --change so2=-0.3,nox=-0.2 [--region R] [--season S]\n"
    "                     secondary PM2.5 by elasticities (precursor,low,high; region, season,\n"
    "                     source): a range, an estimate\n"
    "  ozone DAYS.csv [--formaldehyde-no2 R]\n"
    "                     date,o3,no2 by day: whether less NOx, or VOC, means more or less ozone;\n"
    "                     a direction or unknown, no concentration\n"
    "  rsm FILE.csv --change nox=-0.2,voc=-0.1 [--region R] [--season S]\n"
    "                     an imported response surface (region,season,nox,so2,nh3,voc,x)\n"
    "  total --now C --primary NOW:THEN [--secondary NOW:LOW:HIGH] [--share LOW:HIGH]\n"
    "                     PM2.5 as a whole, never better than the region's share\n";

static const char export_usage[] =
    "usage: qingkong export samples --data DIR [--mn MN] [--from T] [--to T] [--known-at T]\n\n"
    "Writes what devices sent, one value a line: mn,data_time,cn,factor,field,value,flag. Times "
    "and\n"
    "digits are as sent; flag is that of the factor in the same message; facility states stand\n"
    "under factor SB1, SB2 … and field RS. By MN, then command, then time. The folder may be in\n"
    "use, or be as a killed process left it: what its journal holds beyond the store is told too.\n"
    "  --mn MN        one device alone\n"
    "  --from T       from this DataTime on; a date or an instant\n"
    "  --to T         up to, without, this instant; a date means to the end of that day\n"
    "  --known-at T   as known then: without what came later, with what was replaced since\n"
    "Values of 2013, 2052, 2062 and 2111 are all told as 2013. Status 1 also when damaged places\n"
    "were passed over.\n";

static const char forecast_usage[] =
    "usage: qingkong forecast hindcast --hours AQ.csv --weather FORECASTS.csv --train-until D\n"
    "                                  --from D --to D [--leads 1..10] [--scores] [--out FILE]\n"
    "       qingkong forecast run --hours AQ.csv --weather FORECASTS.csv --issued D\n"
    "                             [--leads 1..15] [--out FILE]\n"
    "       qingkong forecast weather FILE --data DIR [--dry-run] [--http ADDR:PORT]\n\n"
    "Daily AQI as a range with the likeliest grades, the primary pollutant and probabilities, "
    "from\n"
    "recent air, season and weather forecasts. A forecast is issued at 24:00 of its day.\n"
    "hindcast: learnt once on data to --train-until, issued for each day --from .. --to, beside\n"
    "what was observed: CSV, or with --scores the accuracy by lead, season and grade as JSON.\n"
    "run: learnt on all data to --issued; JSON for the county and each station; days 11-15 are a\n"
    "trend.\n"
    "weather: takes CSV (issued,lead and columns of numbers), GRIB or NetCDF into the folder, or\n"
    "through the server that holds it; files of other places or times are refused by name.\n"
    "  --hours F     hours as 'air evaluate' reads them\n"
    "  --weather F   issued,lead,date and any columns of numbers (weather, an upper level's\n"
    "                forecast); plain or xz\n"
    "  --stations F  station,kind: which ones count for the county\n"
    "  --holidays F  dates on which people rest\n"
    "  --standard S  2012, 2026 or auto, by the day\n";

static const char simulate_usage[] =
    "usage: qingkong simulate --to ADDR:PORT [--devices N] [--rate R] [--duration S]\n"
    "                         [--packets FILE | --from-csv FILE [--mn-prefix P] | --county]\n"
    "                         [--ack-log FILE] [--clock T[xSPEED]]\n\n"
    "Plays field machines that speak HJ 212 over TCP and wait for their 9014.\n"
    "  --devices N    loggers to play (10)\n"
    "  --rate R       frames a second of all together; 0 = as fast as they are answered\n"
    "                 (one a minute and device)\n"
    "  --duration S   stop after S seconds; 0 = never\n"
    "  --packets F    send the lines of F, each a frame as it stands\n"
    "  --from-csv F   replay hourly records (station,time,SO2,NO2,CO,O3,PM10,PM2.5) as stations; "
    "plain or xz\n"
    "  --county       play the devices of the demo county\n"
    "  --ack-log F    a line 'MN QN CN DataTime' for each answered frame\n"
    "Ends with a line of JSON: sent, acked, rejected, seconds, p50_ms, p99_ms.\n";

static const char hj212_usage[] =
    "usage: qingkong hj212 decode [--crc POLICY] [--sm4-key HEX] [FILE]\n"
    "       qingkong hj212 encode [--conform] [--sm4-key HEX] [FILE]\n\n"
    "decode: a raw stream of HJ 212 frames in, one JSON object a frame and line out; rubbish\n"
    "between frames is passed over. encode: such objects in, frames out.\n"
    "  --crc POLICY   which CRC is accepted: std (the standard's, either letter case), modbus,\n"
    "                 modbus-swapped (both besides std), any (known algorithm), off (std)\n"
    "  --sm4-key HEX  key of encrypted data areas, 32 digits (the test key of HJ 212-2025)\n"
    "  --conform      write to the letter; without it what \"deviations\" tells of the form\n"
    "                 (order, separators, line end, CRC letters) is given back as it came\n"
    "Without FILE, or with -, standard input is read. Status 1 when encode refused a line.\n";

static const char trace_usage[] =
    "usage: qingkong trace polar --in FILE.csv --pollutant P [--statistic mean|median|max|stdev|\n"
    "                            frequency|cpf|nwr] [--percentile 90] [--kind bins]\n"
    "       qingkong trace annulus --in FILE.csv --pollutant P [--kind hour|weekday|month|trend]\n"
    "       qingkong trace sector --in FILE.csv [--pollutant P] [--sector 30] [--breaks 2,4,6]\n"
    "                            [--by-value] [--percentiles 25,50,75]\n"
    "       qingkong trace trend --in FILE.csv --pollutant P [--deseason] [--weather] [--block N]\n"
    "       qingkong trace time|calendar --in FILE.csv --pollutant P\n"
    "       qingkong trace trajectory --winds FILE --at LON,LAT --start T | --values FILE.csv\n"
    "                            [--hours 24] [--step 10] [--level 10m]\n"
    "       qingkong trace hysplit --in FILE\n"
    "       qingkong trace cluster --in PATHS.csv [--clusters 5] [--kind euclid|angle]\n"
    "       qingkong trace cells --in PATHS.csv --values FILE.csv --pollutant P [--cell 1]\n"
    "       qingkong trace suspects --in READINGS.csv --pollutant P --winds FILE.csv\n"
    "                            --sources FILE.csv | --cell DEGREES\n"
    "       qingkong trace survey --in TRACK.csv --pollutant P [--roads FILE.csv]\n"
    "                            [--kind roads|places|points]\n"
    "                            [--sources FILE.csv --winds FILE.csv]\n\n"
    "Reads hours (date,ws,wd,P; ws in m/s, wd in degrees the wind comes from) and writes CSV:\n"
    "polar: a smooth surface u,v,value over wind, or its bins; annulus: one over direction and\n"
    "time, which runs outward from radius 10 to 20; sector: roses; trend: the median\n"
    "slope of monthly means with its bootstrap interval; time: means by hour, weekday, month;\n"
    "calendar: days. Hours without wind or value are left out and counted.\n"
    "trajectory: the way the air came; winds are GRIB or NetCDF (a file or a folder of them; "
    "--level\n"
    "10m, 100m, 850hpa), or CSV, where columns lon and lat make them those of a grid or of "
    "several\n"
    "stations and u and v may stand for ws and wd. With --values a path to each of its dates, "
    "which\n"
    "cluster and cells read. hysplit: the same from HYSPLIT's tdump. cluster and cells take paths "
    "(date of\n"
    "arrival, lon, lat, a row a point): groups of paths; mean, CWT and PSCF of each cell of so\n"
    "many degrees. suspects: the probability of each source (name, lon, lat and, if known, prior,\n"
    "running, idle, fire, at_work, treatment_off, before, permit) or of each cell, from readings "
    "(date,\n"
    "lon, lat, P and, if known, background) of several sensors over some hours.\n"
    "survey: what a car measured each second (date, lon, lat, P) laid onto roads (name, lon,\n"
    "lat; a row a vertex), the background taken off: roads in order, hot places with the\n"
    "source upwind, or each point.\n"
    "  --time NAME     column of the time (date)\n"
    "  --max-ws X      speeds above are left out\n"
    "  --capture S     least share of a month's hours (0)\n"
    "  --deseason      the season is taken off first; --weather: the wind's part too\n"
    "  --noise X       spread of readings without a hot spot (from the readings)\n"
    "  --reach M       a point farther from every road is off road (30 m)\n"
    "  --threshold X   excess that makes a peak (six spreads); --join M: peaks nearer are one "
    "(50)\n"
    "  --background P  percentile of the 20 minutes around (10)\n";

static const char verify_usage[] =
    "usage: qingkong verify DIR [--acks FILE] [--quick] [--json]\n\n"
    "Checks a data folder and changes nothing in it: each record of the journal, the database, "
    "the\n"
    "stored files, the audit chain. The folder may be in use, or be as a killed process left it: "
    "a\n"
    "torn tail of the journal and a database that lags behind it are no faults.\n"
    "  --acks FILE    lines 'MN QN CN DataTime': each must be in the journal, once; the first 20\n"
    "                 that are not are named\n"
    "  --quick        does not compare the database's indexes with their tables\n"
    "  --json         the outcome as one JSON object\n"
    "Faults go to standard error. Status 1 when there is one.\n";

static const char backup_usage[] =
    "usage: qingkong backup --data DIR --to FILE\n\n"
    "Writes the whole data folder into one new file, beside a running 'serve' too: the database "
    "as\n"
    "of one moment, the stored files, the journal to its end. The file is read back before it "
    "gets\n"
    "its name. It is a tar archive in Zstandard; the key for changes is not in it.\n"
    "What comes in after the backup is lost with the folder, unless the journal is copied more "
    "often:\n"
    "its segments only grow, so 'rsync -a DIR/journal/ OTHER/' each minute is enough (see "
    "restore).\n";

static const char receptor_usage[] =
    "usage: qingkong receptor pmf --con CON.csv --unc UNC.csv --factors N --out DIR [--runs K]\n"
    "                             [--seed S] [...]\n"
    "       qingkong receptor cmb --con CON.csv --unc UNC.csv --profiles SOURCES.csv\n"
    "                             [--profile-unc FILE] [--percent] [--total NAME] "
    "[--keep-negative]\n"
    "       qingkong receptor match --factors profiles.csv --profiles SOURCES.csv [--percent]\n\n"
    "Positive matrix factorisation: which sources, with which profiles, explain the samples. The\n"
    "first column of both files is a label; empty cells are left out. Writes profiles.csv,\n"
    "contributions.csv (mean 1) and summary.json into DIR.\n"
    "  --runs K        runs from other starts (20); the best is told in full\n"
    "  --seed S        of the first run (1); the same seed gives the same result\n"
    "  --starts N      short starts screened for each run (8)\n"
    "  --robust        cells beyond --alpha A (4) uncertainties count less\n"
    "  --g-floor X     contributions may fall to X of their mean (0; EPA PMF 5 uses -0.2)\n"
    "  --limits FILE   uncertainties from a row of detection limits and one of error per cents\n"
    "  --missing median  missing cells become the median with four times its uncertainty\n"
    "  --extra PCT     extra modelling uncertainty, 0 to 25 per cent of the concentration\n"
    "  --weak A,B      species whose uncertainty is tripled; --bad A,B: species left out\n"
    "  --total NAME    species whose shares by factor are told\n"
    "  --bootstrap N   N resampled runs (--block B samples a block), factors mapped at r 0.6\n"
    "  --displacement  intervals of each profile element for a rise of Q by 4, 8, 16, 32\n"
    "  --fpeak A,B     rotations of these strengths: profiles, and the rise of Q each costs\n"
    "cmb: chemical mass balance by effective variance; SOURCES has a row a source: its name, then\n"
    "the share of each species in its mass (--percent: in per cent, as SPECIATE tells them). A "
    "row\n"
    "a sample and source goes to standard output: contribution, error, share of the sum, fit.\n"
    "match: the sources whose profiles are most like each factor, with both distances.\n";

static const char restore_usage[] =
    "usage: qingkong restore --from FILE --data DIR [--journal COPY]\n"
    "       qingkong restore --from FILE --check\n\n"
    "Lays a backup out into DIR, which must be absent or empty; every checksum is verified first, "
    "and\n"
    "nothing is left when one is wrong. The first 'serve' reads the journal on from where the\n"
    "database stood.\n"
    "  --journal COPY  a later copy of the journal's folder, laid over that of the backup\n"
    "  --check         reads and verifies the backup only\n";

static const char plan_usage[] =
    "usage: qingkong plan compile [--no-spans] FILE\n"
    "       qingkong plan check [--lang zh|en] [--against OTHER] FILE\n\n"
    "compile: the text of a plan (txt in UTF-8, docx, or pdf that holds text) as JSON: targets,\n"
    "tasks with duties, deadlines, indicators, tables, money rules, systems; \"spans\" says where\n"
    "each field stands, in code points of the text. check: what a careful clerk would find, as a\n"
    "JSON array with the arithmetic and the words it rests on; status 0 with findings too.\n"
    "  --no-spans   without the places\n"
    "  --lang L     language of the messages (zh)\n"
    "  --against O  also what the plan says otherwise than another (the city's, last year's):\n"
    "               values, classes, goals loosened, tasks dropped, units renamed\n"
    "docx and pdf are opened in a process of their own without network, within small limits.\n"
    "With -, standard input is read.\n";

static const char user_usage[] =
    "usage: qingkong user add ID --data DIR [--role ROLE] [--unit UNIT] [--name NAME]\n"
    "       qingkong user passwd|disable|enable ID --data DIR\n"
    "       qingkong user end-sessions [ID] --data DIR\n"
    "       qingkong user list --data DIR\n"
    "       qingkong user forget-secrets --data DIR\n\n"
    "Accounts of a folder: the first one, or when nobody can log in any more. While a server "
    "holds\n"
    "it, that one is asked on this machine, with DIR/accounts.key; end-sessions and "
    "forget-secrets\n"
    "need it stopped, and a password given while it runs must be changed at the next login.\n"
    "Daily work on accounts is done on the page by the security administrator.\n"
    "add and passwd read the password as one line from standard input; passwd's must be changed "
    "at\n"
    "the next login, and ends the sessions.\n"
    "  --role ROLE   R1 to R11, R13-SYS, R13-SEC, R13-AUD, R14 (R13-SEC)\n"
    "forget-secrets takes away all that a lost secret.key had sealed, so that the folder starts.\n"
    "list writes ID, state, unit and roles, with tabs between.\n";

static const char import_usage[] =
    "usage: qingkong import register FILE --data DIR [--dry-run] [--http ADDR:PORT] [--lang en]\n\n"
    "Takes in divisions, sites, devices and factors: CSV (UTF-8 or GB18030) or xlsx with Chinese "
    "or\n"
    "English headings, or a county as JSON; the columns are told in docs/operating.md. All of it "
    "or,\n"
    "with one fault, nothing; each fault with its line and column. What is not given stays as it "
    "is.\n"
    "  --dry-run   say what would change\n"
    "  --http A:P  where the page of the running server is (as DIR/http.address says)\n"
    "  --lang en   faults in English\n"
    "While a server holds DIR it is asked through its API with DIR/operator.key, else the folder "
    "is\n"
    "written itself. Writes a line for each row that is added or changed: line of the file, fate,\n"
    "kind, key and what changes. Without FILE, or with -, standard input is read.\n";

static const char weather_usage[] =
    "usage: qingkong weather info FILE...\n"
    "       qingkong weather extract FILE... --at LON,LAT [--vars LIST] [--hourly]\n"
    "                                [--form table|obs|soundings|days] [--from T] [--to T]\n"
    "       qingkong weather extract FILE... --area W,S,E,N [--form table|winds] [--level 10m]\n\n"
    "Reads GRIB (1 and 2) and NetCDF (CF) on regular longitudes and latitudes, in a process of "
    "its\n"
    "own without network, within limits of memory and time; a FILE may be a folder of such files.\n"
    "Times are China Standard Time. info: the fields that can be used, as CSV, and on standard\n"
    "error the grid and what is not taken, with the reason. extract: values at a place, between\n"
    "the points around it, of each instant by the run with the shortest lead; or at the points of "
    "an\n"
    "area, and those around it.\n"
    "  --vars LIST   u_10m,v_10m,t_2m,d_2m,rh_2m,q_2m,ps,msl,cloud,blh,precip,ground (these are\n"
    "                'near', the default), u_850hpa, t_*hpa, 'profile' (all pressure levels)\n"
    "  --hourly      whole hours between instants at most six hours apart\n"
    "  --form F      table: a row an instant; obs and soundings: as 'disperse weather' reads "
    "them;\n"
    "                days: as 'forecast' reads them; winds: as 'trace --winds' does\n"
    "  --level L     of the winds: 10m, 100m, 850hpa\n"
    "  --elevation M of the ground, where the file does not tell its own; --zone H: of the\n"
    "                observations' clock (8)\n";

const qk_command qk_commands[] = {
    {"air", qk_cmd_air, "evaluates hourly air by the national standards", air_usage},
    {"backup", qk_cmd_backup, "writes the data folder into one file", backup_usage},
    {"calc", qk_cmd_calc, "one formula of a standard over the rows of a CSV", calc_usage},
    {"demo", qk_cmd_demo, "an invented county with its devices", demo_usage},
    {"disperse", qk_cmd_disperse, "runs a dispersion case (AERMOD runstream)", disperse_usage},
    {"export", qk_cmd_export, "writes what devices sent as CSV", export_usage},
    {"forecast", qk_cmd_forecast, "forecasts daily AQI, and scores past forecasts", forecast_usage},
    {"hj212", qk_cmd_hj212, "decodes and encodes HJ 212 frames", hj212_usage},
    {"import", qk_cmd_import, "takes in a county's register", import_usage},
    {"plan", qk_cmd_plan, "reads a county's action plan and finds its defects", plan_usage},
    {"receptor", qk_cmd_receptor, "sources from the composition of the air", receptor_usage},
    {"restore", qk_cmd_restore, "lays a backup out as a data folder", restore_usage},
    {"serve", qk_cmd_serve, "runs the gateway, the store and the page", serve_usage},
    {"simulate", qk_cmd_simulate, "plays devices that speak HJ 212", simulate_usage},
    {"trace", qk_cmd_trace, "where the air came from", trace_usage},
    {"user", qk_cmd_user, "accounts of a data folder", user_usage},
    {"verify", qk_cmd_verify, "checks a data folder", verify_usage},
    {"weather", qk_cmd_weather, "reads GRIB and NetCDF weather files", weather_usage},
    {NULL, NULL, NULL, NULL},
};

int qk_command_refuse(const char *name, const qk_error *err)
{
    char text[700];
    qk_error_format(err, text, sizeof text);
    fprintf(stderr, "qingkong %s: %s\n", name, text);
    return QK_EXIT_REFUSED;
}

int qk_command_misuse(const char *name, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "qingkong %s: ", name);
    vfprintf(stderr, fmt, args);
    fprintf(stderr, "; see 'qingkong help %s'\n", name);
    va_end(args);
    return QK_EXIT_USAGE;
}
