// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>

#include "app/cli/cli.h"
#include "engine/core/error.h"

namespace {

constexpr const char* kFooter =
    "Exit codes: 0 ok, 1 failure, 2 usage, 3 bad input file, 4 disk or memory, 5 GPU, 6 training diverged,\n"
    "7 another program holds the run, 128+n ended by signal n.\n"
    "Data goes to stdout, messages to stderr. NO_COLOR and TERM=dumb are honoured.";

int fail(const char* message, int code) {
  std::fprintf(stderr, "moe-cli: %s\n", message);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is a failed write, a file-size limit a full disk
  std::signal(SIGXFSZ, SIG_IGN);
  CLI::App app("Trains and examines Mixture-of-Experts language models.", "moe-cli");
  moe::cli::Program program;
  app.set_version_flag("-V,--version", "moe-cli " MOE_VERSION);
  app.add_option("--color", program.color, "Colours on a terminal")->check(CLI::IsMember({"auto", "always", "never"}));
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(kFooter);
  using namespace moe::cli;
  for (auto* add : {add_train, add_resume, add_eval, add_inspect, add_logits, add_sample, add_verify, add_presets,
                    add_knobs, add_sheet, add_doctor, add_bench, add_serve})
    add(app, program);
  try {
    check_subcommand(app, argc, argv);
    app.parse(argc, argv);
  } catch (const moe::Error& error) {
    return fail(error.what(), moe::exit_code(error.kind()));
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : moe::exit_code(moe::ErrorKind::usage);
  }
  try {
    return program.action();
  } catch (const moe::Error& error) {
    return fail(error.what(), moe::exit_code(error.kind()));
  } catch (const std::bad_alloc&) {
    return fail("There is not enough memory. Lower train.batch, model.context or the model's sizes.",
                moe::exit_code(moe::ErrorKind::resource));
  } catch (const std::exception& error) {
    return fail(error.what(), 1);
  }
}
