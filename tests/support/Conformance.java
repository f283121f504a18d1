import java.io.FileInputStream;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import javax.xml.parsers.DocumentBuilderFactory;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;
import org.verapdf.pdfa.validation.profiles.ErrorArgument;
import org.verapdf.pdfa.validation.profiles.Profiles;
import org.verapdf.pdfa.validation.profiles.Reference;
import org.verapdf.pdfa.validation.profiles.Rule;
import org.verapdf.pdfa.validation.profiles.ValidationProfile;
import org.verapdf.pdfa.validation.profiles.Variable;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Says which rules of PDF/A-3a and PDF/UA-1 the files named on the command line break, by veraPDF's library and profiles.
 *
 * One line a file and standard: `file standard assertions`, then one line for each rule broken, indented. The profiles are
 * read here because veraPDF does it through JAXB, whose implementation the library's package leaves out.
 */
public class Conformance {
    private static final String[][] STANDARDS = {{"3a", "PDFA-3A.xml"}, {"ua1", "PDFUA-1.xml"}};

    public static void main(String[] files) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        for (String[] standard : STANDARDS) {
            PDFAFlavour flavour = PDFAFlavour.fromString(standard[0]);
            ValidationProfile profile = read(flavour, standard[1]);
            for (String file : files) check(file, standard[0], flavour, profile);
        }
    }

    private static void check(String file, String name, PDFAFlavour flavour, ValidationProfile profile) throws Exception {
        try (PDFAParser parser = Foundries.defaultInstance().createParser(new FileInputStream(file), flavour);
             PDFAValidator validator = Foundries.defaultInstance().createValidator(profile, false)) {
            ValidationResult result = validator.validate(parser);
            System.out.println(file + " " + name + " " + result.getTotalAssertions());
            Set<String> broken = new TreeSet<>();
            for (TestAssertion assertion : result.getTestAssertions())
                if (assertion.getStatus() != TestAssertion.Status.PASSED)
                    broken.add("  " + assertion.getRuleId().getClause() + "-" + assertion.getRuleId().getTestNumber() + " " + assertion.getMessage());
            if (broken.isEmpty() && !result.isCompliant()) broken.add("  not compliant");
            broken.forEach(System.out::println);
        }
    }

    private static ValidationProfile read(PDFAFlavour flavour, String resource) throws Exception {
        Element profile;
        try (InputStream in = ValidationProfile.class.getClassLoader().getResourceAsStream("org/verapdf/pdfa/validation/" + resource)) {
            profile = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(in).getDocumentElement();
        }
        Set<Rule> rules = new HashSet<>();
        for (Element rule : all(profile, "rule")) rules.add(rule(rule));
        Set<Variable> variables = new HashSet<>();
        for (Element variable : all(profile, "variable"))
            variables.add(Profiles.variableFromValues(
                variable.getAttribute("name"), variable.getAttribute("object"), text(variable, "defaultValue"), text(variable, "value")));
        return Profiles.profileFromValues(flavour, Profiles.profileDetailsFromValues(resource, "", "", new Date()), "", rules, variables);
    }

    private static Rule rule(Element rule) {
        Element id = all(rule, "id").get(0), error = all(rule, "error").get(0);
        List<ErrorArgument> arguments = new ArrayList<>();
        List<Reference> references = new ArrayList<>();
        String deferred = rule.getAttribute("deferred");
        return Profiles.ruleFromValues(
            Profiles.ruleIdFromValues(
                PDFAFlavour.Specification.valueOf(id.getAttribute("specification")), id.getAttribute("clause"), Integer.parseInt(id.getAttribute("testNumber"))),
            rule.getAttribute("object"), deferred.isEmpty() ? null : Boolean.valueOf(deferred), rule.getAttribute("tags"),
            text(rule, "description"), text(rule, "test"), Profiles.errorFromValues(text(error, "message"), arguments), references);
    }

    private static List<Element> all(Element parent, String name) {
        NodeList found = parent.getElementsByTagName(name);
        List<Element> elements = new ArrayList<>();
        for (int index = 0; index < found.getLength(); index++) elements.add((Element) found.item(index));
        return elements;
    }

    private static String text(Element parent, String name) {
        List<Element> found = all(parent, name);
        return found.isEmpty() ? "" : found.get(0).getTextContent().trim();
    }
}
