// Parsed to a tree, the tree to a machine with free moves (Thompson), and that to one without
// (subset construction). `^` and `$` are moves that are free only at the ends of the path.
#include "control/bgp/policy/as_path_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

namespace skyhop::bgp {
namespace {

constexpr std::string_view kAlphabet = "0123456789 ,{}()";
static_assert(kAlphabet.size() == AsPathPattern::kSymbols);
constexpr size_t kMaxStates = 1024;     // of either machine: a pattern beyond it is a mistake
constexpr size_t kMaxRepetitions = 64;  // of {m,n}
constexpr int kMaxDepth = 64;           // of parentheses

using SymbolSet = uint16_t;
constexpr SymbolSet kAny = 0xFFFF;
constexpr SymbolSet kDelimiters = 0xFC00;  // all but the digits

// Free moves carry the condition under which they are free.
enum class Free : uint8_t { always, at_begin, at_end };

struct Node {
  SymbolSet symbols = 0;  ///< a move over one of these, to `next`; none: free moves
  uint32_t next = 0;
  std::vector<std::pair<Free, uint32_t>> free;
};

// A piece of the machine: entered at `begin`, left at `end`, which has no moves of its own yet.
struct Piece {
  uint32_t begin = 0;
  uint32_t end = 0;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::optional<Piece> parse() {
    const auto all = alternatives(0);
    if (all && at_ < text_.size()) return fail("this ) closes nothing");
    return all;
  }
  std::vector<Node>& nodes() { return nodes_; }
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  std::nullopt_t fail(std::string_view what) {
    if (error_.empty()) error_ = fmt::format("column {}: {}", at_ + 1, what);
    return std::nullopt;
  }
  uint32_t add() {
    nodes_.emplace_back();
    return static_cast<uint32_t>(nodes_.size() - 1);
  }
  void join(uint32_t from, uint32_t to, Free when = Free::always) {
    nodes_[from].free.emplace_back(when, to);
  }
  Piece over(SymbolSet symbols) {
    const Piece piece{add(), add()};
    nodes_[piece.begin].symbols = symbols;
    nodes_[piece.begin].next = piece.end;
    return piece;
  }
  Piece nothing(Free when = Free::always) {
    const Piece piece{add(), add()};
    join(piece.begin, piece.end, when);
    return piece;
  }
  [[nodiscard]] bool more() const { return at_ < text_.size(); }
  [[nodiscard]] bool is_next(char c) const { return more() && text_[at_] == c; }
  bool take(char c) {
    if (!is_next(c)) return false;
    ++at_;
    return true;
  }

  std::optional<Piece> alternatives(int depth) {
    if (depth > kMaxDepth) return fail("parentheses nested too deeply");
    auto piece = sequence(depth);
    if (!piece || !is_next('|')) return piece;
    const Piece choice{add(), add()};
    for (;;) {
      join(choice.begin, piece->begin);
      join(piece->end, choice.end);
      if (!take('|')) return choice;
      piece = sequence(depth);
      if (!piece) return piece;
    }
  }

  std::optional<Piece> sequence(int depth) {
    std::optional<Piece> all;
    while (more() && !is_next('|') && !is_next(')')) {
      const auto piece = repeated(depth);
      if (!piece) return piece;
      if (all) join(all->end, piece->begin);
      all = all ? Piece{all->begin, piece->end} : *piece;
      if (nodes_.size() > kMaxStates) return fail("the pattern is too large");
    }
    return all ? all : nothing();
  }

  std::optional<Piece> repeated(int depth) {
    const size_t begin = at_;
    auto piece = atom(depth);
    if (!piece) return piece;
    const size_t end = at_;
    while (more()) {
      if (is_next('{') && at_ != end) return fail("put what is repeated twice in parentheses");
      if (take('*')) {
        piece = loop(*piece, Least::none);
      } else if (take('+')) {
        piece = loop(*piece, Least::one);
      } else if (take('?')) {
        piece = optional(*piece);
      } else if (is_next('{')) {
        piece = counted(*piece, begin, depth);
        if (!piece) return piece;
      } else {
        break;
      }
    }
    return piece;
  }

  enum class Least : bool { none, one };
  Piece loop(Piece piece, Least least) {
    const Piece looped{add(), add()};
    join(looped.begin, piece.begin);
    join(piece.end, piece.begin);
    join(piece.end, looped.end);
    if (least == Least::none) join(looped.begin, looped.end);
    return looped;
  }
  Piece optional(Piece piece) {
    const Piece maybe{add(), add()};
    join(maybe.begin, piece.begin);
    join(piece.end, maybe.end);
    join(maybe.begin, maybe.end);
    return maybe;
  }

  // {m}, {m,} or {m,n}: the atom is read again for each time.
  std::optional<Piece> counted(Piece first, size_t atom_begin, int depth) {
    take('{');
    const auto least = number();
    if (!least) return fail("expected a number of times, as in {2} or {1,3}");
    std::optional<size_t> most = least;
    if (take(',')) most = is_next('}') ? std::nullopt : number();
    if (!take('}')) return fail("expected }");
    if ((most && *most < *least) || *least > kMaxRepetitions ||
        most.value_or(0) > kMaxRepetitions) {
      return fail(fmt::format("repetitions go from 0 to {}, the smaller first", kMaxRepetitions));
    }
    const size_t resume = at_;
    Piece all = nothing();
    const auto append = [&](Piece piece) {
      join(all.end, piece.begin);
      all.end = piece.end;
    };
    bool is_first = true;
    const auto copy = [&]() -> std::optional<Piece> {
      if (std::exchange(is_first, false)) return first;
      at_ = atom_begin;
      auto again = atom(depth);
      at_ = resume;
      if (nodes_.size() > kMaxStates) return fail("the pattern is too large");
      return again;
    };
    for (size_t i = 0; i < *least; ++i) {
      const auto piece = copy();
      if (!piece) return piece;
      append(*piece);
    }
    for (size_t i = *least; most && i < *most; ++i) {
      const auto piece = copy();
      if (!piece) return piece;
      append(optional(*piece));
    }
    if (!most) {
      const auto piece = copy();
      if (!piece) return piece;
      append(loop(*piece, Least::none));
    }
    return all;
  }

  std::optional<size_t> number() {
    size_t value = 0;
    const char* const begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc{}) return {};
    at_ += static_cast<size_t>(end - begin);
    return value;
  }

  std::optional<Piece> atom(int depth) {
    const char c = text_[at_];
    switch (c) {
      case '(': {
        ++at_;
        const auto inner = alternatives(depth + 1);
        if (inner && !take(')')) return fail("expected )");
        return inner;
      }
      case '[':
        ++at_;
        return bracket();
      case '.':
        ++at_;
        return over(kAny);
      case '_': {
        ++at_;
        const Piece delimiter = over(kDelimiters);
        join(delimiter.begin, delimiter.end, Free::at_begin);
        join(delimiter.begin, delimiter.end, Free::at_end);
        return delimiter;
      }
      case '^':
        ++at_;
        return nothing(Free::at_begin);
      case '$':
        ++at_;
        return nothing(Free::at_end);
      case '*':
      case '+':
      case '?':
      case '{':
        return fail(fmt::format("nothing before this {} to repeat", c));
      case '\\':
        ++at_;
        if (!more()) return fail("a backslash needs a character behind it");
        break;
      default:
        break;
    }
    const auto symbol = symbol_of(text_[at_]);
    if (!symbol) return fail(fmt::format("'{}' stands in no AS path", text_[at_]));
    ++at_;
    return over(*symbol);
  }

  std::optional<Piece> bracket() {
    const bool is_negated = take('^');
    SymbolSet symbols = 0;
    for (bool is_first = true; !is_next(']') || is_first; is_first = false) {
      if (!more()) return fail("expected ]");
      const char low = text_[at_];
      const auto low_symbol = symbol_of(low);
      if (!low_symbol) return fail(fmt::format("'{}' stands in no AS path", low));
      ++at_;
      if (is_next('-') && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
        ++at_;
        const char high = text_[at_];
        if (!is_digit(low) || !is_digit(high) || high < low) {
          return fail("ranges go from a lower digit to a higher one");
        }
        ++at_;
        for (char c = low; c <= high; ++c) symbols |= *symbol_of(c);
      } else {
        symbols |= *low_symbol;
      }
    }
    take(']');
    return over(is_negated ? static_cast<SymbolSet>(~symbols) : symbols);
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static std::optional<SymbolSet> symbol_of(char c) {
    const size_t at = kAlphabet.find(c);
    if (at == std::string_view::npos) return {};
    return static_cast<SymbolSet>(1u << at);
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<Node> nodes_;
  std::string error_;
};

class Compiler {
 public:
  Compiler(const std::vector<Node>& nodes, Piece all) : nodes_(nodes), all_(all) {}

  // Nothing when it grows too large.
  std::optional<std::vector<AsPathPattern::State>> run() {
    // A match may begin anywhere, so the entry is part of every state.
    add_state(closure({all_.begin}, Where::begin), Where::begin);
    for (size_t i = 0; i < states_.size(); ++i) {
      if (states_.size() > kMaxStates) return {};
      if (states_[i].matches_already) {
        states_[i].next.fill(static_cast<uint16_t>(i));
        continue;
      }
      for (size_t symbol = 0; symbol < AsPathPattern::kSymbols; ++symbol) {
        std::vector<uint32_t> moved = {all_.begin};
        for (const uint32_t node : sets_[i]) {
          if ((nodes_[node].symbols >> symbol & 1) != 0) moved.push_back(nodes_[node].next);
        }
        const uint16_t next = add_state(closure(std::move(moved), Where::inside), Where::inside);
        states_[i].next[symbol] = next;
      }
    }
    return std::move(states_);
  }

 private:
  enum class Where : uint8_t { begin, inside, end, begin_and_end };

  static bool is_free(Free when, Where where) {
    switch (when) {
      case Free::always:
        return true;
      case Free::at_begin:
        return where == Where::begin || where == Where::begin_and_end;
      case Free::at_end:
        return where == Where::end || where == Where::begin_and_end;
    }
    return false;
  }

  [[nodiscard]] std::vector<uint32_t> closure(std::vector<uint32_t> nodes, Where where) const {
    std::vector<bool> seen(nodes_.size());
    std::vector<uint32_t> all;
    while (!nodes.empty()) {
      const uint32_t node = nodes.back();
      nodes.pop_back();
      if (seen[node]) continue;
      seen[node] = true;
      all.push_back(node);
      for (const auto& [when, next] : nodes_[node].free) {
        if (is_free(when, where)) nodes.push_back(next);
      }
    }
    std::ranges::sort(all);
    return all;
  }

  [[nodiscard]] bool is_final(const std::vector<uint32_t>& nodes) const {
    return std::ranges::binary_search(nodes, all_.end);
  }

  uint16_t add_state(std::vector<uint32_t> nodes, Where where) {
    // The beginning has a state of its own: only there `^` holds at the end of an empty path.
    const auto key = std::pair(where == Where::begin, nodes);
    const auto known = index_.find(key);
    if (known != index_.end()) return known->second;
    AsPathPattern::State state;
    state.matches_already = is_final(nodes);
    state.matches_at_end =
        is_final(closure(nodes, where == Where::begin ? Where::begin_and_end : Where::end));
    const auto number = static_cast<uint16_t>(states_.size());
    states_.push_back(state);
    sets_.push_back(std::move(nodes));
    index_.emplace(key, number);
    return number;
  }

  const std::vector<Node>& nodes_;
  Piece all_;
  std::vector<AsPathPattern::State> states_;
  std::vector<std::vector<uint32_t>> sets_;  ///< by state
  std::map<std::pair<bool, std::vector<uint32_t>>, uint16_t> index_;
};

constexpr std::array<uint8_t, 256> kSymbolOf = [] {
  std::array<uint8_t, 256> table{};
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    table[static_cast<uint8_t>(kAlphabet[i])] = static_cast<uint8_t>(i);
  }
  return table;
}();

}  // namespace

std::expected<AsPathPattern, std::string> AsPathPattern::compile(std::string_view text) {
  Parser parser(text);
  const auto all = parser.parse();
  if (!all) return std::unexpected(parser.error());
  auto states = Compiler(parser.nodes(), *all).run();
  if (!states) return std::unexpected("the pattern is too large");
  AsPathPattern pattern;
  pattern.text_ = text;
  pattern.states_ = std::move(*states);
  return pattern;
}

bool AsPathPattern::matches(std::string_view path) const {
  uint16_t state = 0;
  for (const char c : path) {
    if (states_[state].matches_already) return true;
    state = states_[state].next[kSymbolOf[static_cast<uint8_t>(c)]];
  }
  return states_[state].matches_already || states_[state].matches_at_end;
}

bool AsPathPattern::matches(const AsPath& path) const { return matches(path.to_string()); }

}  // namespace skyhop::bgp
